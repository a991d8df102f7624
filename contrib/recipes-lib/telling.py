"""The recipes that tell somebody what is new."""
import email
import email.policy
import html
import json
import re

from kitchen import link, markup, same, title, until
from publisher import HOSTILE, HOSTILE_LINK, Site


def check_new(k):
    handed = lambda: [json.loads(line) for line in k.run("newsagg-new me cat").splitlines()]
    same(handed(), k.items())
    same(handed(), [])
    k.publish("One more")
    k.run("newsagg-new me sh -c 'cat >/dev/null; exit 7'", code=7)
    same([item["title"] for item in handed()], ["One more"])
    same(handed(), [])
    same(k.run("newsagg-new other cat | wc -l").strip(), str(len(k.items())))


def check_new_cron(k):
    *settings, job = k.blocks[0].splitlines()
    # Nothing else is in cron's environment, crontab(5).
    k.env = {name: k.env[name] for name in ("HOME", "CALLS")} | dict(line.split("=", 1) for line in settings)
    k.env["PATH"] = f"{k.home}/bin:{k.env['PATH']}"
    job = job.split(None, 5)[5]
    k.run(job)
    same(k.calls("notify-send")[0][2], f"{len(k.items())} new stories")
    k.publish("One more")
    k.run(job)
    same(k.calls("notify-send"), [["--app-name=newsagg", "--", "site", "One more"]])


def check_notify(k):
    k.run("newsagg-new me cat")
    k.publish("One more")
    k.publish(HOSTILE + "2")
    k.run("newsagg-new me newsagg-notify")
    # notify-send undoes backslashes in the body (g_strcompress), then the desktop undoes the markup.
    body = lambda text: markup(text).replace("\\", "\\\\")
    same(k.calls("notify-send"), [["--app-name=newsagg", "--", "site", body(text)] for text in (HOSTILE + "2", "One more")])
    k.run("newsagg-new all newsagg-notify")
    [call] = k.calls("notify-send")
    same(call[2:], [f"{len(k.items())} new stories", " · ".join(body(title(item)) for item in k.items()[:5])])


def check_notify_once(k):
    k.cook()
    assert k.calls("notify-send")
    k.publish("One more")
    k.cook()
    told = ["--app-name=newsagg", "--", "site"]
    same(k.calls("notify-send"), [[*told, "One more"]])
    k.cook()
    same(k.calls("notify-send"), [])
    # The same beside the service.
    k.start(["newsagg", "run"], stderr=(k.home / "log").open("w"))
    until((k.home / "log").read_text, "the service")
    k.publish("Another one")
    k.cook()
    same(k.calls("notify-send"), [[*told, "Another one"]])


def check_mail(k):
    (k.home / "calls/sendmail.exit").write_text("75")
    k.run("newsagg-new mail newsagg-mail", code=75)
    (k.home / "calls/sendmail.exit").unlink()
    (k.home / "calls/sendmail.stdin").unlink()
    k.run("newsagg-new mail newsagg-mail")
    raw = (k.home / "calls/sendmail.stdin").read_bytes()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    same((mail["to"], mail.get_content_type(), mail.defects), ("you@example.org", "text/plain", []))
    lines = mail.get_content().splitlines()
    same(lines[::3], [title(item) for item in k.items()])
    same(lines[1::3], [f"    {item['_newsagg']['source']}  {link(item)}" for item in k.items()])
    assert max(map(len, raw.splitlines())) < 80
    k.run("newsagg-new mail newsagg-mail")
    same(len(k.calls("sendmail")), 2)


def check_ntfy(k):
    k.run("newsagg-new phone cat")
    k.publish(HOSTILE + "2", HOSTILE_LINK + "2")
    Site.status = 500
    k.run("newsagg-new phone newsagg-ntfy", code=22)
    Site.status = 200
    k.requests()
    k.run("newsagg-new phone newsagg-ntfy")
    [(path, body, _)] = k.requests()
    same((path, json.loads(body)), ("/ntfy", {"topic": "a-name-nobody-guesses", "title": "site", "message": HOSTILE + "2",
                                              "click": link(k.items()[0])}))


def check_webhook(k):
    line = re.search('url = "https://hooks.*"', (k.files[0]).read_text())
    (k.home / ".config/newsagg/webhook").write_text(f'url = "{k.site}/hook"\n' if line else "")
    k.run("newsagg-new team newsagg-webhook")
    [(path, body, fields)] = k.requests()
    same((path, fields["Content-Type"]), ("/hook", "application/json"))
    escape = lambda text: html.escape(text, quote=False)
    same(json.loads(body)["text"].splitlines(), [f"• <{link(item)}|{escape(title(item))}>" for item in k.items()])
    Site.status = 500
    k.publish("One more")
    k.run("newsagg-new team newsagg-webhook", code=22)
