"""Runs programs that one can stop."""

import subprocess

POLL = 0.2  # seconds


def run(command, stopping, cwd=None):
    """The exit status and the last line of all output; the program is ended once `stopping` is set."""
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as program:
        while True:
            try:
                output, _ = program.communicate(timeout=POLL)
                break
            except subprocess.TimeoutExpired:
                if stopping.is_set():
                    program.terminate()
    lines = output.decode(errors="replace").strip().splitlines()
    return program.returncode, lines[-1] if lines else "no message"
