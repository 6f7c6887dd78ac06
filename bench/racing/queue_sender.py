#!/usr/bin/python3
"""A queueing sender as most people write one: a table of recipients with a status, a loop, smtplib. cron starts it again.

    queue_sender.py DATABASE MESSAGE PORT
"""
import email
import fcntl
import smtplib
import sqlite3
import sys


def main():
    database, message, port = sys.argv[1:]
    with open(database + ".lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # the one before is still at work
        with open(message, "rb") as source:
            bulletin = email.message_from_binary_file(source)
        connection = sqlite3.connect(database)
        server = None
        for number, address in connection.execute("SELECT id, email FROM recipient WHERE status = 'pending'").fetchall():
            del bulletin["To"]
            bulletin["To"] = address
            status = "sent"
            try:
                if server is None:
                    server = smtplib.SMTP("127.0.0.1", int(port), local_hostname="example.org", timeout=60)
                server.sendmail("press@example.org", [address], bulletin.as_bytes())
            except smtplib.SMTPRecipientsRefused as refused:
                status = "failed" if refused.recipients[address][0] >= 500 else "pending"
            except smtplib.SMTPResponseException as refused:
                status = "failed" if refused.smtp_code >= 500 else "pending"
            except (smtplib.SMTPException, OSError):
                status, server = "pending", None  # the next run tries again
            if status != "pending":
                connection.execute("UPDATE recipient SET status = ? WHERE id = ?", (status, number))
                connection.commit()
        if server is not None:
            server.quit()


if __name__ == "__main__":
    main()
