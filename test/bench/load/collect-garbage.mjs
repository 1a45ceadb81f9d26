/** Loaded into contestants on Node before their own code: a signal makes them collect their garbage. */
process.on('SIGPWR', () => {
  for (let i = 0; i < 3; i++) globalThis.gc();
});
