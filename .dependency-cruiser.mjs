/**
 * Import direction. TypeScript's project references do not enforce it: with workspaces linked at the root, a package can
 * import another it neither references nor declares, and still build.
 *
 *     primary ──▶ shared ◀── worker        nobody ──▶ test
 */
const inPackage = (name) => `^packages/${name}/`;

export default {
  forbidden: [
    {
      name: 'primary-not-worker',
      comment:
        'The processes share nothing but @lb/shared. The primary starts the worker by its path.',
      severity: 'error',
      from: { path: inPackage('primary') },
      to: { path: [inPackage('worker'), '^@lb/worker(/|$)'] },
    },
    {
      name: 'worker-not-primary',
      comment: 'The processes share nothing but @lb/shared.',
      severity: 'error',
      from: { path: inPackage('worker') },
      to: { path: [inPackage('primary'), '^@lb/primary(/|$)'] },
    },
    {
      name: 'shared-imports-neither',
      comment: 'What shared needs from a process does not belong in shared.',
      severity: 'error',
      from: { path: inPackage('shared') },
      to: { path: [inPackage('(primary|worker)'), '^@lb/(primary|worker)(/|$)'] },
    },
    {
      name: 'page-imports-shared-alone',
      comment: 'The dashboard runs in a browser and knows the instance by its API.',
      severity: 'error',
      from: { path: inPackage('primary/dashboard') },
      to: { path: [inPackage('(primary/src|worker)'), '^@lb/(primary|worker)(/|$)'] },
    },
    {
      name: 'nobody-imports-page',
      comment: 'The dashboard is files to the primary, which serves them.',
      severity: 'error',
      from: { path: '^packages/', pathNot: inPackage('primary/dashboard') },
      to: { path: inPackage('primary/dashboard') },
    },
    {
      name: 'nobody-imports-test',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-cycles',
      comment: 'Of modules that run. Types that name each other leave no trace in the program.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that resolves to nothing.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared',
      comment:
        'A package must be a dependency of the package.json it is imported under; the dashboard is bundled with all it needs.',
      severity: 'error',
      from: { path: '^packages/', pathNot: inPackage('primary/dashboard') },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    // Tests are named by the rules and not read: the parser does not know `using`.
    doNotFollow: { path: ['node_modules', '^test/'] },
    exclude: { path: '(^|/)dist/' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      conditionNames: ['@lb/source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
  },
};
