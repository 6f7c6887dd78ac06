-- Who is asked whether they still want our mails, and until when they may say so.

ALTER TABLE subscription ADD COLUMN reconfirm_by INTEGER;
CREATE INDEX subscription_reconfirm ON subscription (reconfirm_by) WHERE reconfirm_by IS NOT NULL;
