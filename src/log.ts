/** Where a run tells what it does. The rooms get one handed in; only the entry knows that it is the job log. */
export interface Logger {
  debug(message: string): void
  info(message: string): void
  /** Shown as an annotation of the run: for what the user should act on. */
  warning(message: string): void
  /** Runs `work` in a foldable part of the log. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>
}

/** A logger that says nothing. */
export const silent: Logger = {
  debug: () => {},
  info: () => {},
  warning: () => {},
  group: (_title, work) => work(),
}
