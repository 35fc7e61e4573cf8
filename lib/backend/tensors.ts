// Tensor kernels of a backend: what the ops of nabla/autodiff compute with.

/**
 * Sizes of a two-dimensional convolution: x is images × rows × cols × channels, the kernel kernelRows × kernelCols ×
 * channels × filters, the output images × outRows × outCols × filters. Output cell (r, c) sees the rows of x from
 * r · strideRows - padTop on, and the columns from c · strideCols - padLeft on. What lies outside x contributes no term.
 */
export interface Conv2dShape {
  readonly images: number;
  readonly rows: number;
  readonly cols: number;
  readonly channels: number;
  readonly kernelRows: number;
  readonly kernelCols: number;
  readonly filters: number;
  readonly strideRows: number;
  readonly strideCols: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly outRows: number;
  readonly outCols: number;
}

/**
 * Kernels on tensors. Arrays are contiguous and row-major; `out` is overwritten and shares no memory with an input.
 * Arguments are checked by the caller. Both backends return the same bits.
 */
export interface TensorKernels {
  /** out[i] = op(x[i]); op: index of the name in `unaryOps` of catalog/ops. */
  unary(op: number, x: Float64Array, out: Float64Array): void;
  /** out[i] = op(a[i · aStep], b[i · bStep]), steps 0 or 1; op: index of the name in `binaryOps` of catalog/ops. */
  binary(op: number, a: Float64Array, aStep: number, b: Float64Array, bStep: number, out: Float64Array): void;
  /** out[i] = a[i · aStep] where condition[i] is not 0 (NaN is not 0), else b[i · bStep]. */
  select(
    condition: Float64Array,
    a: Float64Array,
    aStep: number,
    b: Float64Array,
    bStep: number,
    out: Float64Array,
  ): void;
  /**
   * out[o · inner + i] = Σ_l x[(o · length + l) · inner + i]. inner = 1: 32 partials (the law, 2). inner > 1: the rows l in
   * blocks of `rowsPerBlock(inner)`, in a block from +0 in fours (0 + 1) + (2 + 3), what is left row after row; blocks are
   * added by the pairwise tree (the law, 3), as `gemvT` of ones does. A sum of no terms is +0.
   */
  sumAxis(x: Float64Array, outer: number, length: number, inner: number, out: Float64Array): void;
  /**
   * The greatest (or, if `least`, the least) over the middle axis, and the l of the first one that equals it; a NaN wins
   * over all, the first of them. length ≥ 1.
   */
  extremeAxis(
    least: boolean,
    x: Float64Array,
    outer: number,
    length: number,
    inner: number,
    out: Float64Array,
    index: Int32Array,
  ): void;
  /**
   * C = alpha · op(A) op(B) + beta · C, op(A) m × k, op(B) k × n, rows lda, ldb, ldc apart as they are stored. Each
   * element is one chain over k from +0, a multiply and an add, each rounded; then alpha · acc + beta · C, where beta 0
   * does not read C, and alpha 1 and beta 0 store acc itself.
   */
  gemm(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    A: Float64Array,
    lda: number,
    B: Float64Array,
    ldb: number,
    beta: number,
    C: Float64Array,
    ldc: number,
  ): void;
  /** Output cells: chains over (kernel row, kernel column, channel) from +0. */
  conv2d(shape: Conv2dShape, x: Float64Array, kernel: Float64Array, out: Float64Array): void;
  /** Gradient in x of the output's gradient g: chains over (kernel row, kernel column, filter) from +0. */
  conv2dInput(shape: Conv2dShape, g: Float64Array, kernel: Float64Array, out: Float64Array): void;
  /** Gradient in the kernel: of each image a chain over (out row, out column) from +0; images are added by the pairwise tree. */
  conv2dKernel(shape: Conv2dShape, x: Float64Array, g: Float64Array, out: Float64Array): void;
}
