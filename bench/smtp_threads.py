"""smtplib of Python's library in threads, each with a connection that it keeps:
    smtp_threads.py PORT CONNECTIONS COUNT MESSAGE-FILE
"""
import itertools
import smtplib
import sys
import threading
from email.message import EmailMessage

port, connections, count = map(int, sys.argv[1:4])
with open(sys.argv[4], encoding="latin-1") as file:
    text = file.read()
numbers = itertools.count()


def lane():
    with smtplib.SMTP("127.0.0.1", port) as server:
        while (n := next(numbers)) < count:
            message = EmailMessage()
            message["From"] = "Press Office <press@example.org>"
            message["To"] = f"reader{n}@mail{n % 97}.example.org"
            message["Subject"] = "The bulletin"
            message.set_content(f"Dear reader {n},\n\n{text}")
            server.send_message(message)


threads = [threading.Thread(target=lane) for _ in range(connections)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
