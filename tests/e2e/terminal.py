"""Plays a person at a terminal: terminal.py SHELL-COMMAND STEP...

Runs an interactive shell on a pseudo terminal, types the command and takes the steps:
  wait:TEXT    until TEXT appears behind what was waited for last; fails after ten seconds
  type:TEXT    types TEXT and return
  key:C        types control-C
"""
import os
import pty
import select
import sys
import time


class Terminal:
    def __init__(self):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ.update(PS1="ready> ", PS2="", TERM="dumb", HISTFILE="/dev/null")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
        self.seen = ""

    def wait(self, text):
        end = time.monotonic() + 10
        while text not in self.seen:
            ready, _, _ = select.select([self.descriptor], [], [], 0.1)
            if ready:
                self.seen += os.read(self.descriptor, 4096).decode(errors="replace")
            if time.monotonic() > end:
                sys.exit(f'waited in vain for "{text}"; there was: "{self.seen}"')
        self.seen = self.seen[self.seen.index(text) + len(text):]

    def type(self, text):
        os.write(self.descriptor, text.encode())


def main():
    terminal = Terminal()
    terminal.wait("ready> ")
    terminal.type(sys.argv[1] + "\n")
    for step in sys.argv[2:]:
        what, text = step.split(":", 1)
        if what == "wait":
            terminal.wait(text)
        elif what == "type":
            terminal.type(text + "\n")
        else:
            terminal.type(chr(ord(text) - 64))
    terminal.type("exit\nexit\n")
    os.waitpid(terminal.pid, 0)


main()
