/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // Whole runs wait for child processes much of the time: three keep two cores busy.
  maxWorkers: 3,
  // Whole runs of the action on a machine that is busy with others take their time; none is measured here.
  testTimeout: 60_000,
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/scripts/strip-types.js' },
  collectCoverageFrom: ['src/**/*.ts', '!src/index.ts'],
  coverageProvider: 'v8',
  coverageReporters: ['text', 'lcov'],
}
