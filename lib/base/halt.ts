// Cancellation token: ends all work registered on it, once, with one reason.

/** Ends all that runs under it, once and for one reason. */
export class Halt {
  #halted = false;
  #reason: unknown;
  readonly #actions = new Set<() => void>();

  get halted(): boolean {
    return this.#halted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** What is to be done then; returns how to take that back. */
  on(action: () => void): () => void {
    this.#actions.add(action);
    return () => this.#actions.delete(action);
  }

  end(reason: unknown): void {
    if (this.#halted) return;
    this.#halted = true;
    this.#reason = reason;
    for (const action of this.#actions) action();
    this.#actions.clear();
  }

  /** Throws the reason, if there is one. */
  check(): void {
    if (this.#halted) throw this.#reason;
  }
}
