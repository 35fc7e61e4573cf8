"""torch on doubles; gradients by hand where a line says them, and its own optimizers for the steps."""
import torch
from protocol import serve


def tensor(array):
    return torch.from_numpy(array)


def gd(args):
    X, y = tensor(args.matrix()), tensor(args.array("y"))
    rate, iterations = args.number("rate"), args.whole("iterations")

    def run():
        w = torch.zeros(X.shape[1], dtype=torch.float64)
        for _ in range(iterations):
            r = X @ w - y
            _ = r @ r / (2 * len(y))
            w -= rate / len(y) * (X.T @ r)
        return w.numpy()

    return run


def adam(args):
    if args["loss"] != "squared":
        return None
    X, y, rate = tensor(args.matrix()), tensor(args.array("y")), args.number("rate")
    batch, shuffle = args.whole("batch"), args.whole("shuffle")

    def run():
        w, m, v = torch.zeros((3, X.shape[1]), dtype=torch.float64)
        order = torch.randperm(len(y)) if shuffle else None
        for t, start in enumerate(range(0, len(y), batch), 1):
            part = order[start : start + batch] if shuffle else slice(start, start + batch)
            A, b = X[part], y[part]
            g = (A @ w - b) @ A / len(b)
            m.mul_(0.9).add_(g, alpha=0.1)
            v.mul_(0.999).addcmul_(g, g, value=0.001)
            w.addcdiv_(m, v.sqrt().div_((1 - 0.999**t) ** 0.5).add_(1e-8), value=-rate / (1 - 0.9**t))
        return w.numpy()

    return run


def minimised(w, loss, tolerance):
    """L-BFGS from where w is, until the gradient is that short."""
    optimizer = torch.optim.LBFGS(
        [w], max_iter=10000, max_eval=20000, tolerance_grad=tolerance, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
    return w.detach().numpy()


def logistic(args):
    X, y = tensor(args.matrix()), tensor(args.array("y"))
    l2, tolerance = args.number("l2"), args.number("tolerance")

    def run():
        w = torch.zeros(X.shape[1], dtype=torch.float64, requires_grad=True)

        def loss():
            return torch.nn.functional.binary_cross_entropy_with_logits(X @ w, y) + l2 / 2 * (w @ w)

        return minimised(w, loss, tolerance)

    return run


def softmax(args):
    X, y = tensor(args.matrix()), tensor(args.array("y")).long()
    l2, tolerance, classes = args.number("l2"), args.number("tolerance"), args.whole("classes")

    def run():
        w = torch.zeros((classes, X.shape[1]), dtype=torch.float64, requires_grad=True)

        def loss():
            return torch.nn.functional.cross_entropy(X @ w.T, y) + l2 / 2 * (w * w).sum()

        return minimised(w, loss, tolerance)

    return run


def update(args):
    w, g = tensor(args.array("start")), tensor(args.array("g"))
    w.grad = g
    makers = {
        "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
        "adam": lambda p: torch.optim.Adam(p, lr=0.001),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.001),
    }
    optimizer = makers[args["rule"]]([w])

    def run():
        optimizer.step()
        return w.numpy()

    return run


def leastsquares(args):
    fits, rows, cols = args.whole("fits"), args.whole("rows"), args.whole("cols")
    X, y = tensor(args.array("X").reshape(fits, rows, cols)), tensor(args.array("y").reshape(fits, rows, 1))

    def run():
        T = X.transpose(1, 2)
        return torch.linalg.solve(T @ X, T @ y).numpy()

    return run


def autograd(args):
    X, y, w = tensor(args.matrix()), tensor(args.array("y")), tensor(args.array("w")).requires_grad_()

    def run():
        z = X @ w
        loss = (torch.nn.functional.softplus(z) - y * z).mean()
        return torch.autograd.grad(loss, w)[0].numpy()

    return run


def rosenbrock(args):
    x, v = tensor(args.array("x")), tensor(args.array("v"))

    def f(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    return lambda: torch.autograd.functional.hvp(f, x, v)[1].numpy()


serve({f.__name__: f for f in (autograd, rosenbrock, gd, adam, logistic, softmax, update, leastsquares)})
