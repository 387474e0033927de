/** Version of the action, as in package.json (a test compares them). */
export const VERSION = '1.0.0'

/** Name and version for user agents. */
export const USER_AGENT = `aks-connection-health/${VERSION}`
