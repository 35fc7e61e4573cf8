"""scikit-learn's estimators, on the scale of nabla's objective: C = 1 / (l2 · rows)."""
import warnings

from protocol import serve
from sklearn.linear_model import Lasso, LassoCV, LogisticRegression, Ridge, SGDRegressor, lasso_path
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

warnings.filterwarnings("ignore")


def sgd(args):
    X, y = args.matrix(), args.array("y")
    shuffle = bool(args.whole("shuffle"))

    def run():
        model = SGDRegressor(
            penalty=None, learning_rate="constant", eta0=args.number("rate"), max_iter=1, tol=None,
            fit_intercept=False, shuffle=shuffle, random_state=0,
        )
        return model.fit(X, y).coef_

    return run


def logistic(args):
    X, y = args.matrix(), args.array("y")
    C = 1 / (args.number("l2") * len(y))

    def run():
        model = LogisticRegression(
            C=C, solver=args["solver"], tol=args.number("tolerance"), max_iter=10000, fit_intercept=False
        )
        return model.fit(X, y).coef_

    return run


def path(args):
    X, y, lambdas = args.matrix(), args.array("y"), args.array("lambdas")
    return lambda: lasso_path(X, y, alphas=lambdas, tol=args.number("tolerance"), max_iter=100000)[1].T


def path_by_folds(args):
    X, y, lambdas = args.matrix(), args.array("y"), args.array("lambdas")

    def run():
        model = LassoCV(
            alphas=lambdas, cv=KFold(args.whole("folds")), tol=args.number("tolerance"), max_iter=100000,
            fit_intercept=False,
        )
        return model.fit(X, y).coef_

    return run


def ridge(args):
    X, y = args.matrix(), args.array("y")
    return lambda: Ridge(alpha=args.number("l2") * len(y), fit_intercept=False).fit(X, y).coef_


def lasso(args):
    X, y = args.matrix(), args.array("y")

    def run():
        model = Lasso(alpha=args.number("l1"), tol=args.number("tolerance"), max_iter=100000, fit_intercept=False)
        return model.fit(X, y).coef_

    return run


def sparse_logistic(args):
    X, y = args.matrix(), args.array("y")

    def run():
        model = LogisticRegression(
            penalty="l1", C=1 / (args.number("l1") * len(y)), solver="liblinear", tol=args.number("tolerance"),
            max_iter=100000, fit_intercept=False,
        )
        return model.fit(X, y).coef_

    return run


def machine(args):
    X, y = args.matrix(), args.array("y")

    def run():
        model = LinearSVC(
            loss=args["loss"], C=1 / (args.number("l2") * len(y)), tol=args.number("tolerance"), max_iter=100000,
            fit_intercept=False,
        )
        return model.fit(X, y).coef_

    return run


works = (sgd, logistic, ridge, lasso, sparse_logistic, machine)
serve({"lasso_path": path, "lasso_cv": path_by_folds, "softmax": logistic, **{f.__name__: f for f in works}})
