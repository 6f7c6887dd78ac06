"""mlmmj in front of a Postfix of its own, as its README.postfix has it."""
import os
import subprocess

from . import racers
from .local_postfix import BehindPostfix, LocalPostfix

SERVICES = """mlmmj unix - n n - - pipe flags=ORhu user=list argv=/usr/bin/mlmmj-receive -F -L {list}
"""


class MlmmjAndPostfix(BehindPostfix, racers.Mlmmj):
    name, short = "mlmmj and its Postfix", "mlmmj-postfix"
    purpose = "the same, with the mail server that it expects"
    packages = ("mlmmj", "postfix")
    user = ("setpriv", "--reuid=list", "--regid=list", "--init-groups")

    def prepare(self, folder, people, bulletin, port, group):
        smtp = racers.free_port()
        self.postfix = LocalPostfix(
            os.path.join(folder, "postfix"), group, port, smtp, self.again, "mlmmj:",
            "mlmmj_destination_recipient_limit = 1\nsmtpd_authorized_verp_clients = 127.0.0.1\n",
            SERVICES.format(list=os.path.join(folder, "bulletin")))
        super().prepare(folder, people, bulletin, smtp, group)
        subprocess.run(["chown", "-R", "list:list", self.list], check=True)
        self.postfix.run("start")

    def control(self):
        return {"verp": "postfix"}


    def idle(self):
        return super().idle() and self.postfix.waiting() == 0

    def stop(self):
        self.postfix.run("stop")


class MlmmjAndPostfixKilled(MlmmjAndPostfix):
    name, short = "mlmmj, its Postfix killed too", "mlmmj-postfix-killed"
    postfix_dies = True
