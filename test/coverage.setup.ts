// The addon's counters are written at exit, and vitest ends its processes by a signal.
process.on('SIGTERM', () => process.exit());
