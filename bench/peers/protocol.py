"""The line protocol of the benchmark's programs, for Python: see protocol.h."""
import sys
import time

import numpy as np


class Args(dict):
    def number(self, key):
        return float(self[key])

    def whole(self, key):
        return int(float(self[key]))

    def array(self, key):
        return np.fromfile(self[key], dtype=np.float64)

    def matrix(self):
        return self.array("X").reshape(self.whole("rows"), self.whole("cols"))


def serve(works):
    """`works` holds a function for each kind of work: it takes the arguments, prepares, and returns the work to be
    timed, which returns the weights; or None if it does not do it."""
    slots = {}
    results = {}
    for line in sys.stdin:
        command, slot, *words = line.split() + [""]
        if command == "prepare":
            args = Args(word.split("=", 1) for word in words if word)
            work = works.get(args["work"])
            slots[slot] = work(args) if work else None
            answer = "ready" if slots[slot] else "no"
        elif command == "run":
            start = time.perf_counter()
            results[slot] = slots[slot]()
            answer = time.perf_counter() - start
        elif command == "weights":
            np.ascontiguousarray(results[slot], dtype=np.float64).tofile(words[0])
            answer = "ready"
        else:
            slots.clear()
            results.clear()
            answer = "ready"
        print(answer, flush=True)
