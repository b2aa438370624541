"""Writes a log whose records make COUNT groups: many_groups.py COUNT [hostile]"""
import json
import sys

HOSTILE = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=\"document.title='owned'\">",
    "</script><script>document.title='owned'</script>",
    "'onmouseover='document.title=1",
    "\u202egnp.exe\u2066", "a\x1b[31mb\r\n\u2028", "<!--<script>", "{{7*7}}", "&lt;b&gt;", "\u0001",
]


def record(number, bad):
    day, second = divmod(number * 61, 86400)
    stamp = f"2026-09-{21 + day % 7:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000001Z"
    script = bad or f"deploy-{number % 211}.sh"
    name = bad or f"SERVICE_{number % 997}_ADDR"
    return {
        "@timestamp": stamp, "log.level": "warning", "message": bad or "m", "ecs.version": "9.4.0",
        "event": {"kind": "event", "category": ["network"], "module": "astray",
                  "type": ["connection", "start", "end"], "action": "detected",
                  "outcome": "failure", "reason": "unspecified", "id": str(number)},
        "error": {"type": bad or "ECONNREFUSED", "code": "111"},
        "destination": {"address": bad or f"0.{number >> 16}.{number >> 8 & 255}.{number & 255}",
                        "ip": f"0.{number >> 16}.{number >> 8 & 255}.{number & 255}",
                        "port": 1024 + number % 9000},
        "process": {"pid": number + 1, "name": bad or ["curl", "wget", "psql", "python3"][number % 4],
                    "args": ["curl"], "parent": {"pid": number, "name": script}},
        "user": {"id": "0"}, "host": {"name": bad or f"web-{number % 40}"},
        "astray": {"schema": 1, "class": bad or "this-network", "unit": bad or f"job-{number % 30}.service",
                   "origin": [f"env:{name}@{script}[{number}]"], "listeners": [bad] if bad else [],
                   "ancestry": [f"{script}[{number}]", f"cron[{number // 7}]", "systemd[1]"]},
    }


hostile = sys.argv[2:] == ["hostile"]
for number in range(int(sys.argv[1])):
    bad = HOSTILE[number % len(HOSTILE)] if hostile else None
    print(json.dumps(record(number + 1, bad), ensure_ascii=number % 2 == 0, separators=(",", ":")))
