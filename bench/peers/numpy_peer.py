"""NumPy, written as one would: whole-array operations, loops only where the method has steps."""
import numpy as np
from protocol import serve


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def residual(args):
    """The slope of the loss in z, and the loss."""
    if args["loss"] == "logistic":
        return lambda z, y: (sigmoid(z) - y, np.mean(np.logaddexp(0, z) - y * z))

    def squared(z, y):
        r = z - y
        return r, r @ r / (2 * len(r))

    return squared


def gd(args):
    X, y = args.matrix(), args.array("y")
    rate, iterations, slope = args.number("rate"), args.whole("iterations"), residual(args)

    def run():
        w = np.zeros(X.shape[1])
        for _ in range(iterations):
            r, _ = slope(X @ w, y)
            w -= rate / len(y) * (X.T @ r)
        return w

    return run


def gdgram(args):
    X, y = args.matrix(), args.array("y")
    rate, iterations = args.number("rate"), args.whole("iterations")

    def run():
        A, b, c = X.T @ X / len(y), X.T @ y / len(y), y @ y / (2 * len(y))
        w = np.zeros(X.shape[1])
        for _ in range(iterations):
            Aw = A @ w
            _ = c + w @ Aw / 2 - w @ b
            w -= rate * (Aw - b)
        return w

    return run


def sgd(args):
    if "order" not in args:
        return None
    X, y, rate = args.matrix(), args.array("y"), args.number("rate")
    order = np.fromfile(args["order"], dtype=np.uint32).tolist()

    def run():
        w = np.zeros(X.shape[1])
        for i in order:
            x = X[i]
            r = x @ w - y[i]
            w -= rate * r * x
        return w

    return run


def adam(args):
    X, y, rate, slope = args.matrix(), args.array("y"), args.number("rate"), residual(args)
    batch, epochs, shuffle = args.whole("batch"), args.whole("epochs"), args.whole("shuffle")
    random = np.random.default_rng(0)

    def run():
        w, m, v = np.zeros((3, X.shape[1]))
        t = 0
        for _ in range(epochs):
            order = random.permutation(len(y)) if shuffle else None
            for start in range(0, len(y), batch):
                part = order[start : start + batch] if shuffle else slice(start, start + batch)
                A, b = X[part], y[part]
                r, _ = slope(A @ w, b)
                g = r @ A / len(b)
                t += 1
                m = 0.9 * m + 0.1 * g
                v = 0.999 * v + 0.001 * g * g
                w -= rate / (1 - 0.9**t) * m / (np.sqrt(v) / np.sqrt(1 - 0.999**t) + 1e-8)
        return w

    return run


def problems(args):
    fits, rows, cols = args.whole("fits"), args.whole("rows"), args.whole("cols")
    return args.array("X").reshape(fits, rows, cols), args.array("y").reshape(fits, rows)


def normal(X, y):
    T = X.transpose(0, 2, 1)
    return T @ X, (T @ y[..., None])[..., 0]


def leastsquares(args):
    X, y = problems(args)

    def run():
        A, b = normal(X, y)
        return np.linalg.solve(A, b[..., None])

    return run


def manygd(args):
    X, y = problems(args)
    rate, iterations, rows = args.number("rate"), args.whole("iterations"), X.shape[1]

    def squared():
        A, b = normal(X, y)
        w = np.zeros(b.shape)
        for _ in range(iterations):
            w -= rate / rows * ((A @ w[..., None])[..., 0] - b)
        return w

    def logistic():
        T = X.transpose(0, 2, 1)
        w = np.zeros((len(X), X.shape[2], 1))
        for _ in range(iterations):
            r = sigmoid(X @ w) - y[..., None]
            w -= rate / rows * (T @ r)
        return w

    return logistic if args["loss"] == "logistic" else squared


def manynewton(args):
    X, y = problems(args)
    l2, iterations, (_, rows, cols) = args.number("l2"), args.whole("iterations"), X.shape

    def run():
        T, ridge = X.transpose(0, 2, 1), l2 * np.eye(cols)
        w = np.zeros((len(X), cols, 1))
        for _ in range(iterations):
            p = sigmoid(X @ w)
            g = T @ (p - y[..., None]) / rows + l2 * w
            H = T @ (p * (1 - p) / rows * X) + ridge
            w -= np.linalg.solve(H, g)
        return w

    return run


def ridge(args):
    X, y = args.matrix(), args.array("y")
    n = len(y)
    penalty = args.number("l2") * n * np.eye(n)
    return lambda: X.T @ np.linalg.solve(X @ X.T + penalty, y)  # as many equations as rows, which are fewer


def matmul(args):
    A, B = (args.array(name).reshape(args.whole("n"), -1) for name in "AB")
    out = np.empty_like(A)
    return lambda: np.matmul(A, B, out=out)


serve({f.__name__: f for f in (gd, gdgram, sgd, adam, leastsquares, manygd, manynewton, ridge, matmul)})
