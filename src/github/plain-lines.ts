/**
 * Text for the job log in which nothing is a workflow command. The runner takes a line as one when it begins
 * with `::`, blanks before it or not, or when `##[` stands anywhere in it (ActionCommand of actions/runner).
 * A blank is put into both. Escape sequences of terminals become visible, so that a text from the cluster can
 * neither colour nor overwrite what stands around it; line breaks of every kind become one.
 */
export function plainLines(text: string): string {
  return text
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) =>
      line
        .replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === '\t' ? '  ' : '\uFFFD'))
        .replaceAll('##[', '# #[')
        .replace(/^(\s*):(?=:)/, '$1: '),
    )
    .join('\n')
}
