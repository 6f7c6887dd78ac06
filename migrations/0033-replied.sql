-- Reports count the replies to an issue: few of its deliveries have one.
CREATE INDEX delivery_replied ON delivery (issue) WHERE replied_at IS NOT NULL;
