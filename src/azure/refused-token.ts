import type { PipelinePolicy, PipelineRequest } from '@azure/core-rest-pipeline'
import type { TokenSource } from './token-source.ts'

/**
 * Sends a call once more, with a new token, when ARM does not accept the token before its end: the clock of
 * the runner may be wrong. The client's own policy would go on with the old one.
 */
export function replaceRefusedToken(tokens: TokenSource): PipelinePolicy {
  const refused = new Set<string>()
  const renew = async (request: PipelineRequest, token: string): Promise<boolean> => {
    const { abortSignal } = request
    const next = await tokens(abortSignal instanceof AbortSignal ? abortSignal : undefined, token)
    request.headers.set('authorization', `Bearer ${next.token}`)
    return next.token !== token
  }
  return {
    name: 'replaceRefusedToken',
    sendRequest: async (request, next) => {
      const known = tokenOf(request)
      if (known !== undefined && refused.has(known)) await renew(request, known)
      const response = await next(request)
      const used = tokenOf(request)
      // A challenge with claims is answered by the client itself.
      if (
        response.status !== 401 ||
        used === undefined ||
        asksForClaims(response.headers.get('www-authenticate'))
      )
        return response
      refused.add(used)
      return (await renew(request, used)) ? next(request) : response
    },
  }
}

function tokenOf({ headers }: PipelineRequest): string | undefined {
  return /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1]
}

function asksForClaims(challenge: string | undefined): boolean {
  return /\bclaims=/.test(challenge ?? '')
}
