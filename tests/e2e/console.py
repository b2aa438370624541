"""Runs the commands of a document's console blocks and compares what they print:
console.py check FILE | console.py write FILE

A block that begins with "$ command" is run line by line in one shell, in a folder of its own; what
stands below a command is what it prints. Pids and times differ from run to run and are not compared.
"write" puts the real output in."""
import os
import re
import socket
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
MARK = "--- end of the command ---"


def steady(text):
    text = re.sub(r"\b([\w.-]+)\[\d+\]", r"\1[PID]", text)
    text = re.sub(r"\(\d+\)", "(PID)", text)
    text = re.sub(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}:\d{2}(\.\d+)?Z?)?", "TIME", text)
    text = re.sub(r"\b\d{2}:\d{2}:\d{2}\b", "TIME", text)
    text = re.sub(r"TIME( to TIME)?", "TIME", text)
    text = re.sub(r"after \d+ ms", "after N ms", text)
    return re.sub(r"\s+", " ", text).strip()


def commands(block):
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and found[-1][0].endswith("\\"):
            found[-1][0] += "\n" + line
        else:
            found[-1][1].append(line)
    return found


class Shell:
    def __init__(self):
        self.home = tempfile.TemporaryDirectory()
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        keep = {"PATH": f"{root}/build:{root}/examples/demo:{os.environ['PATH']}", "HOME": self.home.name,
                "XDG_STATE_HOME": self.home.name + "/state", "ASTRAY_CONFIG": "/dev/null", "LC_ALL": "C.UTF-8",
                "COLUMNS": "90", "NO_COLOR": "1", "DEMO": f"{root}/examples/demo"}
        self.shell = subprocess.Popen(["/bin/sh"], env=keep, cwd=self.home.name, text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, command):
        self.shell.stdin.write(f"{command}\nprintf '\\n%s\\n' '{MARK}'\n")
        self.shell.stdin.flush()
        lines = []
        for line in self.shell.stdout:
            if line.rstrip("\n") == MARK:
                return self.general("".join(lines).rstrip("\n"))
            lines.append(line)
        raise SystemExit(f"the shell ended in: {command}")

    def general(self, text):
        """Without what is only so on this machine."""
        text = text.replace(self.home.name, "~")
        return re.sub(rf"(?<![\w.-]){re.escape(socket.gethostname())}(?![\w.-])", "web-10", text)

    def end(self):
        # In a subshell, dash has no jobs.
        self.shell.stdin.write('jobs -p >jobs; while read -r job; do kill "$job"; done <jobs; wait; exit\n')
        self.shell.stdin.close()
        self.shell.wait()


verb, name = sys.argv[1:]
text = open(name, encoding="utf-8").read()
shell = Shell()
wrong = ran = 0


def block_with_output(match):
    global wrong, ran
    lines = []
    for command, wanted in commands(match[1]):
        got = shell.run(command)
        ran += 1
        if steady(got) != steady("\n".join(wanted)):
            wrong += 1
            if verb == "check":
                print(f"{name}: $ {command}\n  wanted: {steady(chr(10).join(wanted))}\n  got:    {steady(got)}")
        lines += ["$ " + command] + ([got] if got else [])
    return "```console\n" + "\n".join(lines) + "\n```"


text = BLOCK.sub(block_with_output, text)
shell.end()
if verb == "write":
    open(name, "w", encoding="utf-8").write(text)
print(f"{ran} commands of {os.path.basename(name)}, {wrong} differ")
sys.exit(1 if verb == "check" and (wrong or ran == 0) else 0)
