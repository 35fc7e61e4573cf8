// The 35 test problems of Moré, Garbow and Hillstrom (Testing Unconstrained Optimization Software, ACM TOMS 7, 1981), as
// sums of squares from their standard starts, with exact gradients by forward differentiation.
import type { Differentiable } from '../../lib/index.js';

/** A number with its gradient. */
class Dual {
  constructor(
    readonly value: number,
    readonly gradient: Float64Array,
  ) {}

  #chain(value: number, slope: number): Dual {
    return new Dual(
      value,
      this.gradient.map((g) => slope * g),
    );
  }
  plus(other: Dual | number): Dual {
    if (typeof other === 'number') return this.#chain(this.value + other, 1);
    return new Dual(
      this.value + other.value,
      this.gradient.map((g, j) => g + other.gradient[j]),
    );
  }
  minus(other: Dual | number): Dual {
    return this.plus(typeof other === 'number' ? -other : other.times(-1));
  }
  times(other: Dual | number): Dual {
    if (typeof other === 'number') return this.#chain(this.value * other, other);
    return new Dual(
      this.value * other.value,
      this.gradient.map((g, j) => g * other.value + this.value * other.gradient[j]),
    );
  }
  over(other: Dual): Dual {
    return this.times(other.#chain(1 / other.value, -1 / other.value ** 2));
  }
  power(p: number): Dual {
    return this.#chain(this.value ** p, p * this.value ** (p - 1));
  }
  get exp(): Dual {
    return this.#chain(Math.exp(this.value), Math.exp(this.value));
  }
  get log(): Dual {
    return this.#chain(Math.log(this.value), 1 / this.value);
  }
  get sin(): Dual {
    return this.#chain(Math.sin(this.value), Math.cos(this.value));
  }
  get cos(): Dual {
    return this.#chain(Math.cos(this.value), -Math.sin(this.value));
  }
  get atan(): Dual {
    return this.#chain(Math.atan(this.value), 1 / (1 + this.value ** 2));
  }
}

interface Problem {
  name: string;
  start: number[];
  /** One of the minima that the paper lists; NaN: it lists none. */
  minimum: number;
  residuals: (x: Dual[]) => Dual[];
}

const count = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i + 1));
const total = (terms: Dual[]): Dual => terms.reduce((sum, term) => sum.plus(term));
const data = (numbers: string): number[] => numbers.split(' ').map(Number);

const bard = data('.14 .18 .22 .25 .29 .32 .35 .39 .37 .58 .73 .96 1.34 2.1 4.39');
const gaussian = data('.0009 .0044 .0175 .054 .1295 .242 .3521 .3989 .3521 .242 .1295 .054 .0175 .0044 .0009');
const meyer = data('34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872');
const kowalik = data('.1957 .1947 .1735 .16 .0844 .0627 .0456 .0342 .0323 .0235 .0246');
const kowalikAt = data('4 2 1 .5 .25 .167 .125 .1 .0833 .0714 .0625');
const osborne1 = data(
  '.844 .908 .932 .936 .925 .908 .881 .85 .818 .784 .751 .718 .685 .658 .628 .603 .58 .558 .538 .522 .506 .49 .478 .467 ' +
    '.457 .448 .438 .431 .424 .42 .414 .411 .406',
);
const osborne2 = data(
  '1.366 1.191 1.112 1.013 .991 .885 .831 .847 .786 .725 .746 .679 .608 .655 .616 .606 .602 .626 .651 .724 .649 .649 ' +
    '.694 .644 .624 .661 .612 .558 .533 .495 .5 .423 .395 .375 .372 .391 .396 .405 .428 .429 .523 .562 .607 .653 .672 ' +
    '.708 .633 .668 .645 .632 .591 .559 .597 .625 .739 .71 .729 .72 .636 .581 .428 .292 .162 .098 .054',
);

const watson = (x: Dual[]): Dual[] => [
  ...count(29, (i) => {
    const t = i / 29;
    const sum = total(x.map((xj, j) => xj.times(t ** j)));
    return total(x.slice(1).map((xj, j) => xj.times((j + 1) * t ** j)))
      .minus(sum.times(sum))
      .minus(1);
  }),
  x[0],
  x[1].minus(x[0].times(x[0])).minus(1),
];
/** √c(x_i - 1) and Σx² - ¼. */
const penalty1 = (x: Dual[]): Dual[] => [
  ...x.map((xi) => xi.minus(1).times(Math.sqrt(1e-5))),
  total(x.map((xi) => xi.times(xi))).minus(0.25),
];
const penalty2 = (x: Dual[]): Dual[] => {
  const n = x.length;
  const c = Math.sqrt(1e-5);
  return [
    x[0].minus(0.2),
    ...count(n - 1, (i) =>
      x[i]
        .times(0.1)
        .exp.plus(x[i - 1].times(0.1).exp)
        .minus(Math.exp((i + 1) / 10) + Math.exp(i / 10))
        .times(c),
    ),
    ...count(n - 1, (i) => x[i].times(0.1).exp.minus(Math.exp(-0.1)).times(c)),
    total(x.map((xj, j) => xj.times(xj).times(n - j))).minus(1),
  ];
};
const variably = (x: Dual[]): Dual[] => {
  const sum = total(x.map((xj, j) => xj.minus(1).times(j + 1)));
  return [...x.map((xi) => xi.minus(1)), sum, sum.times(sum)];
};
const trigonometric = (x: Dual[]): Dual[] => {
  const cosines = total(x.map((xj) => xj.cos));
  return x.map((xi, i) =>
    xi.cos
      .minus(1)
      .times(-(i + 1))
      .minus(xi.sin)
      .plus(x.length)
      .minus(cosines),
  );
};
const chebyquad = (x: Dual[]): Dual[] => {
  let before = x.map((xj) => xj.times(0).plus(1));
  let now = x.map((xj) => xj.times(2).minus(1));
  return count(x.length, (i) => {
    const own = total(now).times(1 / x.length);
    const next = now.map((T, j) => x[j].times(4).minus(2).times(T).minus(before[j]));
    [before, now] = [now, next];
    return i % 2 === 0 ? own.plus(1 / (i * i - 1)) : own;
  });
};
const rosenbrock = (x: Dual[]): Dual[] =>
  x.map((_, i) => (i % 2 === 0 ? x[i + 1].minus(x[i].times(x[i])).times(10) : x[i - 1].times(-1).plus(1)));
const powell = (x: Dual[]): Dual[] =>
  count(x.length / 4, (k) => {
    const [a, b, c, d] = x.slice(4 * k - 4, 4 * k);
    const [inner, outer] = [b.minus(c.times(2)), a.minus(d)];
    return [
      a.plus(b.times(10)),
      c.minus(d).times(Math.sqrt(5)),
      inner.times(inner),
      outer.times(outer).times(Math.sqrt(10)),
    ];
  }).flat();

const problem = (name: string, start: number[], minimum: number, residuals: Problem['residuals']): Problem => ({
  name,
  start,
  minimum,
  residuals,
});

const problems: Problem[] = [
  problem('Rosenbrock', [-1.2, 1], 0, rosenbrock),
  problem('Freudenstein and Roth', [0.5, -2], 48.98425367924, ([a, b]) => [
    a.minus(13).plus(b.times(-1).plus(5).times(b).minus(2).times(b)),
    a.minus(29).plus(b.plus(1).times(b).minus(14).times(b)),
  ]),
  problem('Powell badly scaled', [0, 1], 0, ([a, b]) => [
    a.times(b).times(1e4).minus(1),
    a.times(-1).exp.plus(b.times(-1).exp).minus(1.0001),
  ]),
  problem('Brown badly scaled', [1, 1], 0, ([a, b]) => [a.minus(1e6), b.minus(2e-6), a.times(b).minus(2)]),
  problem('Beale', [1, 1], 0, ([a, b]) => [1.5, 2.25, 2.625].map((y, i) => a.times(b.power(i + 1).minus(1)).plus(y))),
  problem('Jennrich and Sampson', [0.3, 0.4], 124.36218235561, ([a, b]) =>
    count(10, (i) =>
      a
        .times(i)
        .exp.plus(b.times(i).exp)
        .times(-1)
        .plus(2 + 2 * i),
    ),
  ),
  problem('Helical valley', [-1, 0, 0], 0, ([a, b, c]) => [
    c
      .minus(
        b
          .over(a)
          .atan.times(1 / (2 * Math.PI))
          .plus(a.value > 0 ? 0 : 0.5)
          .times(10),
      )
      .times(10),
    a.times(a).plus(b.times(b)).power(0.5).minus(1).times(10),
    c,
  ]),
  problem('Bard', [1, 1, 1], 8.21487730657897e-3, ([a, b, c]) =>
    bard.map((y, k) => {
      const [u, v] = [k + 1, 15 - k];
      return a
        .plus(
          a
            .times(0)
            .plus(u)
            .over(b.times(v).plus(c.times(Math.min(u, v)))),
        )
        .times(-1)
        .plus(y);
    }),
  ),
  problem('Gaussian', [0.4, 1, 0], 1.12793276961912e-8, ([a, b, c]) =>
    gaussian.map((y, k) => {
      const off = c.times(-1).plus((7 - k) / 2);
      return a.times(b.times(off.times(off)).times(-0.5).exp).minus(y);
    }),
  ),
  problem('Meyer', [0.02, 4000, 250], 87.9458551709, ([a, b, c]) =>
    meyer.map((y, k) => a.times(b.over(c.plus(50 + 5 * k)).exp).minus(y)),
  ),
  problem('Gulf research and development', [5, 2.5, 0.15], 0, ([a, b, c]) =>
    count(99, (i) => {
      const off = b.times(-1).plus(25 + (-50 * Math.log(i / 100)) ** (2 / 3));
      const size = off.value < 0 ? off.times(-1) : off;
      return c
        .times(size.log)
        .exp.over(a)
        .times(-1)
        .exp.minus(i / 100);
    }),
  ),
  problem('Box three-dimensional', [0, 10, 20], 0, ([a, b, c]) =>
    count(10, (i) => {
      const t = -i / 10;
      return a
        .times(t)
        .exp.minus(b.times(t).exp)
        .minus(c.times(Math.exp(t) - Math.exp(10 * t)));
    }),
  ),
  problem('Powell singular', [3, -1, 0, 1], 0, powell),
  problem('Wood', [-3, -1, -3, -1], 0, ([a, b, c, d]) => [
    b.minus(a.times(a)).times(10),
    a.times(-1).plus(1),
    d.minus(c.times(c)).times(Math.sqrt(90)),
    c.times(-1).plus(1),
    b.plus(d).minus(2).times(Math.sqrt(10)),
    b.minus(d).times(1 / Math.sqrt(10)),
  ]),
  problem('Kowalik and Osborne', [0.25, 0.39, 0.415, 0.39], 3.07505603849238e-4, ([a, b, c, d]) =>
    kowalik.map((y, k) => {
      const u = kowalikAt[k];
      return a
        .times(b.times(u).plus(u * u))
        .over(
          c
            .times(u)
            .plus(u * u)
            .plus(d),
        )
        .times(-1)
        .plus(y);
    }),
  ),
  problem('Brown and Dennis', [25, 5, -5, -1], 85822.20162635628, ([a, b, c, d]) =>
    count(20, (i) => {
      const t = i / 5;
      const [left, right] = [a.plus(b.times(t)).minus(Math.exp(t)), c.plus(d.times(Math.sin(t))).minus(Math.cos(t))];
      return left.times(left).plus(right.times(right));
    }),
  ),
  problem('Osborne 1', [0.5, 1.5, -1, 0.01, 0.02], 5.46489469748e-5, ([a, b, c, d, e]) =>
    osborne1.map((y, k) =>
      a
        .plus(b.times(d.times(-10 * k).exp))
        .plus(c.times(e.times(-10 * k).exp))
        .times(-1)
        .plus(y),
    ),
  ),
  problem('Biggs EXP6', [1, 2, 1, 1, 1, 1], 5.65564992500672e-3, ([a, b, c, d, e, f]) =>
    count(13, (i) => {
      const t = -i / 10;
      const y = Math.exp(t) - 5 * Math.exp(10 * t) + 3 * Math.exp(4 * t);
      const terms = c
        .times(a.times(t).exp)
        .minus(d.times(b.times(t).exp))
        .plus(f.times(e.times(t).exp));
      return terms.minus(y);
    }),
  ),
  problem('Osborne 2', [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5], 4.01377362935477e-2, (x) =>
    osborne2.map((y, k) => {
      const t = k / 10;
      const peak = (height: number, width: number, centre: number) => {
        const off = x[centre].minus(t);
        return x[height].times(off.times(off).times(x[width]).times(-1).exp);
      };
      return x[0]
        .times(x[4].times(-t).exp)
        .plus(peak(1, 5, 8))
        .plus(peak(2, 6, 9))
        .plus(peak(3, 7, 10))
        .times(-1)
        .plus(y);
    }),
  ),
  problem(
    'Watson',
    count(6, () => 0),
    2.28767005355e-3,
    watson,
  ),
  problem(
    'Extended Rosenbrock',
    count(20, (i) => (i % 2 ? -1.2 : 1)),
    0,
    rosenbrock,
  ),
  problem(
    'Extended Powell singular',
    count(20, (i) => [3, -1, 0, 1][(i - 1) % 4]),
    0,
    powell,
  ),
  problem(
    'Penalty I',
    count(10, (i) => i),
    7.08765146709e-5,
    penalty1,
  ),
  problem(
    'Penalty II',
    count(10, () => 0.5),
    2.93660537457e-4,
    penalty2,
  ),
  problem(
    'Variably dimensioned',
    count(10, (i) => 1 - i / 10),
    0,
    variably,
  ),
  problem(
    'Trigonometric',
    count(10, () => 0.1),
    2.795056121876e-5,
    trigonometric,
  ),
  problem(
    'Brown almost-linear',
    count(10, () => 0.5),
    0,
    (x) => {
      const sum = total(x);
      return [...x.slice(0, -1).map((xi) => xi.plus(sum).minus(11)), x.reduce((a, b) => a.times(b)).minus(1)];
    },
  ),
  problem(
    'Discrete boundary value',
    count(10, (i) => (i / 11) * (i / 11 - 1)),
    0,
    (x) =>
      x.map((xi, i) => {
        const h = 1 / 11;
        let own = xi.times(2).plus(
          xi
            .plus((i + 1) * h + 1)
            .power(3)
            .times((h * h) / 2),
        );
        if (i > 0) own = own.minus(x[i - 1]);
        return i + 1 < x.length ? own.minus(x[i + 1]) : own;
      }),
  ),
  problem(
    'Discrete integral equation',
    count(10, (i) => (i / 11) * (i / 11 - 1)),
    0,
    (x) => {
      const h = 1 / 11;
      const t = x.map((_, i) => (i + 1) * h);
      const cubes = x.map((xj, j) => xj.plus(t[j] + 1).power(3));
      return x.map((xi, i) =>
        xi.plus(total(cubes.map((cube, j) => cube.times((h / 2) * (j <= i ? (1 - t[i]) * t[j] : t[i] * (1 - t[j])))))),
      );
    },
  ),
  problem(
    'Broyden tridiagonal',
    count(10, () => -1),
    0,
    (x) =>
      x.map((xi, i) => {
        let own = xi.times(-2).plus(3).times(xi).plus(1);
        if (i > 0) own = own.minus(x[i - 1]);
        return i + 1 < x.length ? own.minus(x[i + 1].times(2)) : own;
      }),
  ),
  problem(
    'Broyden banded',
    count(10, () => -1),
    0,
    (x) =>
      x.map((xi, i) => {
        const band = x.filter((_, j) => j !== i && j >= i - 5 && j <= i + 1).map((xj) => xj.plus(1).times(xj));
        return xi.times(xi).times(5).plus(2).times(xi).plus(1).minus(total(band));
      }),
  ),
  problem(
    'Linear of full rank',
    count(10, () => 1),
    10,
    (x) => {
      const mean = total(x).times(2 / 20);
      return count(20, (i) => (i <= 10 ? x[i - 1].minus(mean).minus(1) : mean.times(-1).minus(1)));
    },
  ),
  problem(
    'Linear of rank 1',
    count(10, () => 1),
    4.63414634146341,
    (x) => {
      const sum = total(x.map((xj, j) => xj.times(j + 1)));
      return count(20, (i) => sum.times(i).minus(1));
    },
  ),
  problem(
    'Linear of rank 1 with columns and rows of zeros',
    count(10, () => 1),
    6.13513513513514,
    (x) => {
      const sum = total(x.slice(1, -1).map((xj, j) => xj.times(j + 2)));
      return count(20, (i) => sum.times(i === 1 || i === 20 ? 0 : i - 1).minus(1));
    },
  ),
  problem(
    'Chebyquad',
    count(8, (i) => i / 9),
    3.51687372568e-3,
    chebyquad,
  ),
];

/** The problems' names, starts, minima and functions. */
export const mgh = problems.map(({ name, start, minimum, residuals }) => {
  const fun: Differentiable = (x, gradient) => {
    const unit = (j: number) => Float64Array.from(x, (_, k) => (k === j ? 1 : 0));
    const r = residuals(Array.from(x, (value, j) => new Dual(value, unit(j))));
    gradient.fill(0);
    let value = 0;
    for (const own of r) {
      value += own.value * own.value;
      for (let j = 0; j < x.length; j++) gradient[j] += 2 * own.value * own.gradient[j];
    }
    return value;
  };
  return { name, x0: Float64Array.from(start), minimum, fun };
});
