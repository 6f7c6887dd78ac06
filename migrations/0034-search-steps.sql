-- A commit of one row to the index of people would now and then merge large parts of it, and all others
-- waited that long. Now the program merges them itself, in small steps; only many small parts, as
-- sign-ups leave them, are still merged as they come.
INSERT INTO subscriber_text (subscriber_text, rank) VALUES ('automerge', 0);
INSERT INTO subscriber_text (subscriber_text, rank) VALUES ('crisismerge', 64);
