export const id = 612;
export const ids = [612];
export const modules = {

/***/ 48202:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Mz: () => (/* binding */ errorOf),
/* harmony export */   Qq: () => (/* binding */ text),
/* harmony export */   dW: () => (/* binding */ ArmError),
/* harmony export */   g1: () => (/* binding */ record)
/* harmony export */ });
/** What Azure Resource Manager said when it refused a call, or that there was no answer at all. */
class ArmError extends Error {
    /** HTTP status; undefined when there was no answer. */
    status;
    /** ARM's code (`AuthorizationFailed`, `OperationNotAllowed`, …) or a code of the network (`ECONNREFUSED`, `TIMEOUT`). */
    code;
    /** Method and path of the call, for messages. */
    call;
    /** `x-ms-request-id`: what Azure's support asks for. */
    requestId;
    constructor(message, details) {
        super(message, details.cause === undefined ? undefined : { cause: details.cause });
        this.name = 'ArmError';
        this.status = details.status;
        this.code = details.code;
        this.call = details.call;
        this.requestId = details.requestId;
    }
}
/** The `error` of an ARM answer, also in the form without that envelope, and the first of its details. */
function errorOf(body) {
    const error = record(record(body)?.error) ?? record(body);
    const code = text(error?.code);
    const message = text(error?.message);
    if (code === undefined && message === undefined)
        return undefined;
    const details = Array.isArray(error?.details) ? error.details : [];
    const inner = details
        .map((each) => text(record(each)?.message))
        .filter((each) => each !== undefined && each !== message)
        .slice(0, 3);
    return {
        code: code ?? 'Unknown',
        message: [message ?? code ?? '', ...inner].join(' ').slice(0, MESSAGE_LIMIT),
    };
}
const MESSAGE_LIMIT = 2000;
function record(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? value
        : undefined;
}
function text(value) {
    return typeof value === 'string' && value !== '' ? value : undefined;
}


/***/ }),

/***/ 88612:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  connectAks: () => (/* binding */ connectAks),
  kubeloginTokens: () => (/* binding */ kubeloginTokens)
});

// EXTERNAL MODULE: ./node_modules/@azure/arm-containerservice/dist/esm/index.js + 60 modules
var esm = __webpack_require__(80605);
// EXTERNAL MODULE: ./node_modules/@azure/core-rest-pipeline/dist/esm/index.js + 37 modules
var dist_esm = __webpack_require__(1818);
// EXTERNAL MODULE: ./lib/errors.js
var errors = __webpack_require__(452);
// EXTERNAL MODULE: ./lib/azure/arm-error.js
var arm_error = __webpack_require__(48202);
;// CONCATENATED MODULE: ./lib/azure/impatient.js


/**
 * How long one attempt at a read may go without an answer, and its repetition: a read is answered within a
 * second or two. What changes something may take longer before it is accepted, and is not sent twice for that.
 */
const READ_MS = [6000, 8000];
const WRITE_MS = [30_000];
/**
 * Gives up an attempt that is not answered. The deadlines of whole calls are longer, as they hold the waits
 * that Azure asks for in Retry-After.
 */
function impatient(client, readMs = READ_MS, writeMs = WRITE_MS) {
    const silences = new WeakMap();
    return {
        sendRequest: async (request) => {
            const attempts = isRead(request) ? readMs : writeMs;
            const failed = silences.get(request) ?? 0;
            const silence = AbortSignal.timeout(attempts[failed] ?? attempts[attempts.length - 1] ?? 0);
            const { abortSignal } = request;
            request.abortSignal =
                abortSignal === undefined ? silence : AbortSignal.any([toSignal(abortSignal), silence]);
            try {
                return await client.sendRequest(request);
            }
            catch (error) {
                if (!silence.aborted || abortSignal?.aborted)
                    throw error;
                silences.set(request, failed + 1);
                throw failed + 1 < attempts.length ? again(request) : noAnswer(request, error);
            }
            finally {
                if (abortSignal === undefined)
                    delete request.abortSignal;
                else
                    request.abortSignal = abortSignal;
            }
        },
    };
}
/** ARM reads credentials by POST. */
function isRead({ method, url }) {
    return method === 'GET' || (method === 'POST' && /\/list[a-z]+$/i.test(new URL(url).pathname));
}
/** The pipeline repeats what fails with this code. */
function again(request) {
    return new dist_esm/* RestError */.pj('no answer in time', { code: 'ETIMEDOUT', request });
}
function noAnswer({ method, url }, cause) {
    const call = `${method} ${new URL(url).pathname}`;
    return new arm_error/* ArmError */.dW(`${call}: no answer in time`, { call, code: 'TIMEOUT', cause });
}
/** The clients of Azure declare only a part of a signal. */
function toSignal(signal) {
    if (signal instanceof AbortSignal)
        return signal;
    const controller = new AbortController();
    if (signal.aborted)
        controller.abort();
    signal.addEventListener('abort', () => controller.abort());
    return controller.signal;
}

;// CONCATENATED MODULE: ./lib/azure/network-errors.js


/** The user error for a connection that failed, or undefined when something else did. */
function explainNetwork(error, { name, url, proxyFor }) {
    const code = networkCode(error);
    if (code === undefined)
        return undefined;
    const what = `${name} (${url.host})`;
    // Without the user and password that may be in its address.
    const proxy = proxyFor(url)?.host;
    const way = proxy === undefined ? '' : ` through the proxy ${proxy}`;
    if (CERTIFICATE_CODES.has(code)) {
        return new errors/* UserError */.yo(`The certificate of ${what} is not trusted${way} (${code}).`, {
            next: 'If a proxy in between opens TLS, set NODE_EXTRA_CA_CERTS to a PEM file with its certificate authority, in the environment of the runner.',
            docs: 'azure.md#proxies',
            cause: error,
        });
    }
    return new errors/* UserError */.yo(`${what} cannot be reached${way}: ${CODE_TEXTS[code] ?? code}.`, {
        next: proxy === undefined
            ? 'Check that the runner may reach this host on port 443. Behind a proxy, set HTTPS_PROXY (and NO_PROXY) in the environment of the runner.'
            : 'Check HTTPS_PROXY and NO_PROXY in the environment of the runner, and that the proxy lets this host through.',
        docs: 'azure.md#proxies',
        cause: error,
    });
}
const CODE_TEXTS = {
    ENOTFOUND: 'its name is not known (ENOTFOUND)',
    EAI_AGAIN: 'no name server answers (EAI_AGAIN)',
    ECONNREFUSED: 'the connection is refused (ECONNREFUSED)',
    ECONNRESET: 'the connection is cut (ECONNRESET)',
    ETIMEDOUT: 'no answer in time (ETIMEDOUT)',
    ENETUNREACH: 'there is no route (ENETUNREACH)',
    EHOSTUNREACH: 'there is no route (EHOSTUNREACH)',
    TIMEOUT: 'no answer in time',
};
const CERTIFICATE_CODES = new Set([
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'CERT_HAS_EXPIRED',
    'CERT_NOT_YET_VALID',
    'ERR_TLS_CERT_ALTNAME_INVALID',
]);
/** The code of the first error in the chain of causes that a connection fails with. */
function networkCode(error) {
    let current = (0,arm_error/* record */.g1)(error);
    for (let depth = 0; depth < 10 && current !== undefined; depth++) {
        if (current.name === 'TimeoutError')
            return 'TIMEOUT';
        const code = (0,arm_error/* text */.Qq)(current.code);
        if (code !== undefined && (code in CODE_TEXTS || CERTIFICATE_CODES.has(code)))
            return code;
        // The sign-in library keeps only the text.
        const message = (0,arm_error/* text */.Qq)(current.message) ?? '';
        const named = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/.exec(message);
        if (named !== null)
            return named[1];
        if (/self.signed certificate|unable to verify the first certificate/i.test(message)) {
            return 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
        }
        current = (0,arm_error/* record */.g1)(current.cause);
    }
    return undefined;
}
/** The proxy for all https addresses, where nobody knows the exceptions. */
function proxyOf(environment) {
    const proxy = environment.HTTPS_PROXY || environment.https_proxy || environment.ALL_PROXY || environment.all_proxy;
    const url = proxy && URL.canParse(proxy) ? new URL(proxy) : undefined;
    return () => url;
}

;// CONCATENATED MODULE: ./lib/azure/refused-token.js
/**
 * Sends a call once more, with a new token, when ARM does not accept the token before its end: the clock of
 * the runner may be wrong. The client's own policy would go on with the old one.
 */
function replaceRefusedToken(tokens) {
    const refused = new Set();
    const renew = async (request, token) => {
        const { abortSignal } = request;
        const next = await tokens(abortSignal instanceof AbortSignal ? abortSignal : undefined, token);
        request.headers.set('authorization', `Bearer ${next.token}`);
        return next.token !== token;
    };
    return {
        name: 'replaceRefusedToken',
        sendRequest: async (request, next) => {
            const known = tokenOf(request);
            if (known !== undefined && refused.has(known))
                await renew(request, known);
            const response = await next(request);
            const used = tokenOf(request);
            // A challenge with claims is answered by the client itself.
            if (response.status !== 401 ||
                used === undefined ||
                asksForClaims(response.headers.get('www-authenticate')))
                return response;
            refused.add(used);
            return (await renew(request, used)) ? next(request) : response;
        },
    };
}
function tokenOf({ headers }) {
    return /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1];
}
function asksForClaims(challenge) {
    return /\bclaims=/.test(challenge ?? '');
}

;// CONCATENATED MODULE: ./lib/azure/arm.js







/** Version of the AKS API for raw calls: the one that the client library of package.json speaks. */
const CONTAINER_SERVICE_API = '2026-06-01';
const CALL_TIMEOUT_MS = 60_000;
function createArm(options) {
    const { cloud, log } = options;
    const http = impatient((0,dist_esm/* createDefaultHttpClient */.fl)());
    const containers = new esm/* ContainerServiceClient */.u(options.credential, options.subscriptionId, {
        endpoint: cloud.armEndpoint,
        credentials: { scopes: [cloud.armScope] },
        userAgentOptions: { userAgentPrefix: options.userAgent },
        retryOptions: { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 30_000 },
        httpClient: http,
    });
    containers.pipeline.addPolicy(tellRefusals(log), { afterPhase: 'Retry' });
    if (options.tokens)
        containers.pipeline.addPolicy(replaceRefusedToken(options.tokens), { afterPhase: 'Sign' });
    return {
        endpoint: cloud.armEndpoint,
        subscriptionId: options.subscriptionId,
        containers,
        request: async (call) => {
            const url = addressOf(cloud.armEndpoint, call);
            const timeout = AbortSignal.timeout(call.timeoutMs ?? CALL_TIMEOUT_MS);
            const abortSignal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
            try {
                const request = (0,dist_esm/* createPipelineRequest */.G6)({
                    url,
                    method: call.method,
                    headers: headersOf(call),
                    abortSignal,
                    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
                });
                return answerOf(call, await containers.pipeline.sendRequest(http, request));
            }
            catch (error) {
                call.signal?.throwIfAborted();
                throw armError(error, callName(call), timeout.aborted);
            }
        },
    };
}
/**
 * Any error of the Azure clients as an {@link ArmError}; errors of signing in stay what they are.
 * @param call method and path, for messages.
 */
function armError(error, call, timedOut = false) {
    if (error instanceof arm_error/* ArmError */.dW)
        return error;
    if (timedOut)
        return new arm_error/* ArmError */.dW(`${call}: no answer in time`, { call, code: 'TIMEOUT', cause: error });
    if (!(0,dist_esm/* isRestError */.T0)(error)) {
        const code = networkCode(error);
        return code === undefined
            ? error
            : new arm_error/* ArmError */.dW(`${call}: ${(0,errors/* messageOf */.bD)(error)}`, { call, code, cause: error });
    }
    const body = parsed(error.response?.bodyAsText) ?? (0,arm_error/* record */.g1)(error.details);
    const refusal = (0,arm_error/* errorOf */.Mz)(body);
    const status = error.statusCode;
    return new arm_error/* ArmError */.dW(refusal?.message ?? error.message, {
        call,
        status,
        code: refusal?.code ?? error.code ?? (status === undefined ? 'Unknown' : `HTTP ${status}`),
        requestId: error.response?.headers.get('x-ms-request-id'),
        cause: error,
    });
}
function answerOf(call, response) {
    const body = parsed(response.bodyAsText);
    if (response.status < 200 || response.status > 299) {
        const refusal = (0,arm_error/* errorOf */.Mz)(body);
        throw new arm_error/* ArmError */.dW(refusal?.message ?? `ARM answered ${response.status}`, {
            call: callName(call),
            status: response.status,
            code: refusal?.code ?? `HTTP ${response.status}`,
            requestId: response.headers.get('x-ms-request-id'),
        });
    }
    return {
        status: response.status,
        body: body,
        etag: response.headers.get('etag') ?? (0,arm_error/* text */.Qq)((0,arm_error/* record */.g1)(body)?.eTag),
        header: (name) => response.headers.get(name),
    };
}
function headersOf(call) {
    return (0,dist_esm/* createHttpHeaders */.Nc)({
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(call.ifMatch === undefined ? {} : { 'if-match': call.ifMatch }),
        ...(call.ifNoneMatch === undefined ? {} : { 'if-none-match': call.ifNoneMatch }),
    });
}
/** A full address comes out of an answer; the token must not follow it to another host. */
function addressOf(endpoint, call) {
    const own = new URL(endpoint);
    const url = new URL(call.path, endpoint);
    if (url.protocol !== 'https:' || (url.host !== own.host && !url.host.endsWith(`.${own.host}`))) {
        throw new arm_error/* ArmError */.dW(`ARM points to another host: ${url.host}`, {
            call: callName(call),
            code: 'ForeignHost',
        });
    }
    if (call.path.startsWith('/'))
        url.searchParams.set('api-version', call.apiVersion ?? CONTAINER_SERVICE_API);
    for (const [name, value] of Object.entries(call.query ?? {}))
        url.searchParams.set(name, value);
    return url.href;
}
function callName(call) {
    return `${call.method} ${call.path.replace(/^https:\/\/[^/]+/, '').replace(/\?.*$/s, '')}`;
}
function parsed(body) {
    if (!body)
        return undefined;
    try {
        return JSON.parse(body);
    }
    catch {
        return undefined;
    }
}
/** Says why a run is slow: each answer after which the pipeline waits and tries again. */
function tellRefusals(log) {
    return {
        name: 'tellRefusals',
        sendRequest: async (request, next) => {
            const response = await next(request);
            if (response.status === 429 || response.status >= 500) {
                const wait = response.headers.get('retry-after');
                const asked = wait === undefined ? '' : `, which asks to wait ${wait} s`;
                log.info(`Azure answered ${response.status} to ${request.method} ${new URL(request.url).pathname}${asked}.`);
            }
            return response;
        },
    };
}

;// CONCATENATED MODULE: ./lib/azure/clouds.js

const CLOUDS = {
    public: {
        name: 'public',
        authorityHost: 'https://login.microsoftonline.com',
        armEndpoint: 'https://management.azure.com',
        armScope: 'https://management.azure.com/.default',
        oidcAudience: 'api://AzureADTokenExchange',
    },
    'us-government': {
        name: 'us-government',
        authorityHost: 'https://login.microsoftonline.us',
        armEndpoint: 'https://management.usgovcloudapi.net',
        armScope: 'https://management.usgovcloudapi.net/.default',
        oidcAudience: 'api://AzureADTokenExchangeUSGov',
    },
    china: {
        name: 'china',
        authorityHost: 'https://login.chinacloudapi.cn',
        armEndpoint: 'https://management.chinacloudapi.cn',
        armScope: 'https://management.chinacloudapi.cn/.default',
        oidcAudience: 'api://AzureADTokenExchangeChina',
    },
};
/**
 * The endpoints of a cloud. A cloud that has its own (Azure Stack, an air-gapped one) names them in the
 * environment: `AZURE_AUTHORITY_HOST` as all Azure SDKs read it, `AZURE_RESOURCE_MANAGER_ENDPOINT`, and
 * `AZURE_RESOURCE_MANAGER_AUDIENCE` where tokens are issued for another name than the endpoint's.
 * @throws UserError when one of them is not an https address, or contradicts the cloud that was asked for.
 */
function azureCloud(name, environment) {
    const cloud = CLOUDS[name];
    const authorityHost = origin('AZURE_AUTHORITY_HOST', environment);
    const armEndpoint = origin('AZURE_RESOURCE_MANAGER_ENDPOINT', environment);
    const audience = environment.AZURE_RESOURCE_MANAGER_AUDIENCE?.trim().replace(/\/+$/, '');
    rejectOtherCloud(cloud, authorityHost);
    const scope = audience || armEndpoint;
    return {
        ...cloud,
        ...(authorityHost ? { authorityHost } : {}),
        ...(armEndpoint ? { armEndpoint } : {}),
        ...(scope ? { armScope: `${scope}/.default` } : {}),
    };
}
function origin(variable, environment) {
    const value = environment[variable]?.trim();
    if (!value)
        return undefined;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') {
        throw new errors/* UserError */.yo(`The environment variable ${variable} is not an https address.`, {
            next: `Set ${variable} to an address such as https://login.microsoftonline.com, or unset it.`,
        });
    }
    return url.origin;
}
/** A job that names one cloud's login host and another cloud's resources would fail later and less clearly. */
function rejectOtherCloud(cloud, authorityHost) {
    const owner = Object.values(CLOUDS).find((each) => each.authorityHost === authorityHost);
    if (owner === undefined || owner.name === cloud.name)
        return;
    throw new errors/* UserError */.yo(`AZURE_AUTHORITY_HOST is ${owner.authorityHost}, which belongs to the cloud ${owner.name}, but azure-cloud is ${cloud.name}.`, { next: `Set the input azure-cloud: ${owner.name}, or unset AZURE_AUTHORITY_HOST.` });
}

// EXTERNAL MODULE: ./node_modules/js-yaml/dist/js-yaml.mjs
var js_yaml = __webpack_require__(33243);
;// CONCATENATED MODULE: ./lib/azure/kubelogin.js

/** Application id of the AKS API server in Entra ID, the same in all clouds. */
const AKS_SERVER_ID = '6dae42f8-4368-4678-94ff-3960e28e3630';
/** Whether the `exec` section of a kubeconfig's user starts kubelogin, which is then served in this process. */
function isKubelogin(exec) {
    const command = (0,arm_error/* text */.Qq)((0,arm_error/* record */.g1)(exec)?.command) ?? '';
    return /(^|[/\\])kubelogin(\.exe)?$/i.test(command);
}
/** The server application in kubelogin's arguments, or in the older `auth-provider: azure` section. */
function serverIdOf(section) {
    const old = (0,arm_error/* text */.Qq)((0,arm_error/* record */.g1)((0,arm_error/* record */.g1)(section)?.config)?.['apiserver-id']);
    const id = argument(section, '--server-id') ?? variable(section, 'AAD_SERVICE_PRINCIPAL_SERVER_ID') ?? old;
    return id !== undefined && /^[\w.:/-]{1,200}$/.test(id) ? id : AKS_SERVER_ID;
}
/** Scope of the tokens that the server application takes. */
function scopeOf(serverId) {
    return `${serverId}/.default`;
}
/** The cloud in kubelogin's arguments; undefined when they do not say. */
function cloudOf(exec) {
    const name = (argument(exec, '--environment') ?? argument(exec, '-e'))?.toLowerCase();
    if (name === 'azurepubliccloud')
        return 'public';
    if (name === 'azureusgovernmentcloud' || name === 'azureusgovernment')
        return 'us-government';
    return name === 'azurechinacloud' ? 'china' : undefined;
}
/** The tenant in kubelogin's arguments, or in the older section; undefined when they do not say. */
function tenantOf(section) {
    const old = (0,arm_error/* text */.Qq)((0,arm_error/* record */.g1)((0,arm_error/* record */.g1)(section)?.config)?.['tenant-id']);
    const tenant = argument(section, '--tenant-id') ?? argument(section, '-t') ?? old;
    return tenant !== undefined && /^[\w.-]{1,255}$/.test(tenant) ? tenant : undefined;
}
function argument(section, name) {
    const args = (0,arm_error/* record */.g1)(section)?.args;
    if (!Array.isArray(args))
        return undefined;
    const words = args.filter((each) => typeof each === 'string');
    const at = words.indexOf(name);
    if (at >= 0)
        return words[at + 1];
    return words.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
}
function variable(section, name) {
    const env = (0,arm_error/* record */.g1)(section)?.env;
    const entries = Array.isArray(env) ? env : [];
    return (0,arm_error/* text */.Qq)((0,arm_error/* record */.g1)(entries.find((each) => (0,arm_error/* record */.g1)(each)?.name === name))?.value);
}

// EXTERNAL MODULE: ./lib/azure/managed-cluster.js
var managed_cluster = __webpack_require__(63809);
;// CONCATENATED MODULE: ./lib/azure/credentials.js






/** With the waits that ARM asks for. */
const CREDENTIALS_TIMEOUT_MS = 30_000;
/**
 * Asks ARM for the kubeconfig of a cluster. One that would start kubelogin gets its exec section taken out;
 * a token for the same server application takes its place.
 * @throws ArmError, or UserError when the kubeconfig cannot be used.
 */
async function clusterCredentials(arm, cluster, options) {
    if (options.admin && cluster.localAccountsDisabled)
        throw noLocalAccounts(cluster);
    const content = await listCredentials(arm, cluster, options);
    const parts = currentParts(content);
    if (parts === undefined) {
        throw new errors/* UserError */.yo(`ARM gave a kubeconfig for ${cluster.name} that names no cluster and user.`, {
            next: 'Run again; if it stays so, get one with `az aks get-credentials` and give it in the input kubeconfig.',
        });
    }
    const { exec, 'auth-provider': provider, ...user } = parts.user;
    for (const key of ['token', 'password', 'client-key-data']) {
        const secret = (0,arm_error/* text */.Qq)(user[key]);
        if (secret !== undefined)
            options.mask(secret);
    }
    if (exec === undefined && provider === undefined) {
        return { kubeconfig: single(parts.cluster, user, cluster.name), server: parts.server };
    }
    if (exec !== undefined && !isKubelogin(exec)) {
        throw new errors/* UserError */.yo(`The kubeconfig that ARM gave for ${cluster.name} starts the program ${execName(exec)}.`, {
            next: 'Only kubelogin is known. Give a kubeconfig of your own in the input kubeconfig.',
        });
    }
    return {
        kubeconfig: single(parts.cluster, {}, cluster.name),
        server: parts.server,
        serverId: serverIdOf(exec ?? provider),
    };
}
async function listCredentials(arm, cluster, options) {
    const { resourceGroup, name } = cluster;
    const timeout = AbortSignal.timeout(CREDENTIALS_TIMEOUT_MS);
    const { signal } = options;
    const request = { abortSignal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) };
    const { managedClusters } = arm.containers;
    const kind = options.admin ? 'listClusterAdminCredential' : 'listClusterUserCredential';
    try {
        const { kubeconfigs } = options.admin
            ? await managedClusters.listClusterAdminCredentials(resourceGroup, name, request)
            : await managedClusters.listClusterUserCredentials(resourceGroup, name, { format: 'exec', ...request });
        const value = kubeconfigs?.[0]?.value;
        return value === undefined ? '' : Buffer.from(value).toString('utf8');
    }
    catch (error) {
        options.signal?.throwIfAborted();
        const explained = armError(error, `POST ${(0,managed_cluster/* clusterPath */.Sf)(cluster)}/${kind}`, timeout.aborted);
        if (/getting static credential isn.?t allowed|disable local accounts/i.test(String(explained))) {
            throw noLocalAccounts(cluster, explained);
        }
        throw explained;
    }
}
function noLocalAccounts({ name }, cause) {
    return new errors/* UserError */.yo(`The cluster ${name} has its local accounts disabled, so it has no admin credential.`, {
        next: 'Leave out `admin: true`, and give the identity a Kubernetes role in the cluster (Azure RBAC or a ClusterRoleBinding).',
        docs: 'azure.md#rights',
        ...(cause === undefined ? {} : { cause }),
    });
}
/** Cluster and user of the current context. */
function currentParts(content) {
    let config;
    try {
        config = (0,arm_error/* record */.g1)((0,js_yaml/* load */.Hh)(content));
    }
    catch {
        return undefined;
    }
    const named = (list, name, key) => {
        const entries = Array.isArray(list) ? list : [];
        return (0,arm_error/* record */.g1)((0,arm_error/* record */.g1)(entries.find((each) => (0,arm_error/* record */.g1)(each)?.name === name))?.[key]);
    };
    const context = named(config?.contexts, config?.['current-context'], 'context');
    const cluster = named(config?.clusters, context?.cluster, 'cluster');
    const user = named(config?.users, context?.user, 'user');
    const server = (0,arm_error/* text */.Qq)(cluster?.server);
    if (cluster === undefined || user === undefined || server === undefined || !URL.canParse(server))
        return undefined;
    return { cluster, user, server };
}
function single(cluster, user, name) {
    return (0,js_yaml/* dump */.Bh)({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': name,
        clusters: [{ name, cluster }],
        users: [{ name, user }],
        contexts: [{ name, context: { cluster: name, user: name } }],
    });
}
function execName(exec) {
    return (0,arm_error/* text */.Qq)((0,arm_error/* record */.g1)(exec)?.command) ?? 'without a name';
}

;// CONCATENATED MODULE: ./lib/azure/errors.js



const RIGHTS = 'azure.md#rights';
const TROUBLE = 'azure.md#troubleshooting';
/**
 * The built-in role that the documentation of AKS names for an action (control-kubeconfig-access), keys in
 * lower case. Actions that are not here are named alone.
 */
const ROLES = {
    'microsoft.containerservice/managedclusters/listclusterusercredential/action': 'Azure Kubernetes Service Cluster User Role',
    'microsoft.containerservice/managedclusters/listclusteradmincredential/action': 'Azure Kubernetes Service Cluster Admin Role',
};
/** The user error for a failed call to ARM; an error that is no refusal of ARM is given back as it is. */
function explainArm(error, context) {
    if (!(error instanceof arm_error/* ArmError */.dW))
        return error;
    if (error.status === undefined) {
        const url = new URL(context.cloud.armEndpoint);
        const target = { name: 'Azure Resource Manager', url, proxyFor: context.proxyFor };
        return explainNetwork(error, target) ?? unexplained(error, context);
    }
    const explain = EXPLANATIONS[error.code.toLowerCase()] ?? byStatus(error.status);
    return explain?.(error, context) ?? unexplained(error, context);
}
const forbidden = (error, context) => {
    const action = /perform action '([^']+)'/.exec(error.message)?.[1];
    const scope = /over scope '([^']+)'/.exec(error.message)?.[1];
    const role = action === undefined ? undefined : ROLES[action.toLowerCase()];
    const lacks = action === undefined ? `is refused: ${error.message}` : `lacks the right ${action}`;
    const grant = role === undefined ? `a role with ${action ?? 'this action'}` : `"${role}"`;
    return new errors/* UserError */.yo(`${context.failed}: ${context.identity} ${lacks}${scope === undefined ? '' : ` on ${scope}`}.`, {
        next: [
            `Assign it ${grant} on the cluster (az role assignment create --role … --scope ${scope ?? '<cluster id>'}).`,
            'A new assignment takes up to ten minutes. ARM says the same when the name of the cluster or group is wrong.',
        ].join(' '),
        docs: RIGHTS,
        cause: error,
    });
};
const throttled = (error, { failed }) => new errors/* UserError */.yo(`${failed}: Azure Resource Manager limits the number of requests and still did after several tries.`, {
    next: 'Run again in a few minutes. Other jobs with the same identity or subscription count too.',
    docs: TROUBLE,
    cause: error,
});
const notAccepted = (error, { failed, identity, cloud }) => new errors/* UserError */.yo(`${failed}: Azure Resource Manager does not accept the token of ${identity}: ${error.message}`, {
    next: `Check that tenant-id is the tenant of the subscription and that azure-cloud (${cloud.name}) is its cloud; and the clock of the runner.`,
    docs: TROUBLE,
    cause: error,
});
const noSubscription = (error, { failed, identity, cloud }) => new errors/* UserError */.yo(`${failed}: ${error.message}`, {
    next: `Check subscription-id, and that ${identity} has a role in it: a subscription is not found where there is none. Its cloud must be azure-cloud (${cloud.name}).`,
    docs: TROUBLE,
    cause: error,
});
const noGroup = (error, { failed }) => new errors/* UserError */.yo(`${failed}: ${error.message}`, {
    next: 'Check resource-group: it is the group of the cluster itself, not the MC_ group of its nodes. `az aks list -o table` shows both names.',
    docs: TROUBLE,
    cause: error,
});
const noResource = (error, { failed }) => new errors/* UserError */.yo(`${failed}: ${error.message}`, {
    next: 'Check cluster-name. `az aks list -o table` shows the clusters of the subscription.',
    docs: TROUBLE,
    cause: error,
});
const busy = (error, { failed }) => new errors/* UserError */.yo(`${failed}: ${error.message}`, {
    next: 'Wait until the operation that runs on the cluster has ended (`az aks show --query provisioningState`), then run again.',
    docs: TROUBLE,
    cause: error,
});
const blocked = (error, { failed }) => new errors/* UserError */.yo(`${failed}: a policy or lock of the subscription forbids it: ${error.message}`, {
    next: 'Ask the owner of the subscription for an exemption.',
    docs: TROUBLE,
    cause: error,
});
/** Keys in lower case: ARM and the services behind it do not agree on the case of codes. */
const EXPLANATIONS = {
    authorizationfailed: forbidden,
    linkedauthorizationfailed: forbidden,
    authenticationfailed: notAccepted,
    invalidauthenticationtoken: notAccepted,
    invalidauthenticationtokentenant: notAccepted,
    invalidauthenticationtokenaudience: notAccepted,
    expiredauthenticationtoken: notAccepted,
    subscriptionnotfound: noSubscription,
    invalidsubscriptionid: noSubscription,
    subscriptionnotregistered: noSubscription,
    missingsubscriptionregistration: noSubscription,
    resourcegroupnotfound: noGroup,
    resourcenotfound: noResource,
    notfound: noResource,
    toomanyrequests: throttled,
    operationnotallowed: busy,
    requestdisallowedbypolicy: blocked,
    scopelocked: blocked,
};
function byStatus(status) {
    if (status === 401)
        return notAccepted;
    if (status === 403)
        return forbidden;
    if (status === 404)
        return noResource;
    if (status === 429)
        return throttled;
    return undefined;
}
function unexplained(error, { failed }) {
    const status = error.status === undefined ? '' : ` ${error.status}`;
    const request = error.requestId === undefined ? '' : ` Azure's support asks for the request id ${error.requestId}.`;
    return new errors/* UserError */.yo(`${failed}: ${error.message} (${error.code}${status})`, {
        next: `Try again; if it stays so, look up ${error.code} in the documentation of AKS.${request}`,
        docs: TROUBLE,
        cause: error,
    });
}

;// CONCATENATED MODULE: ./lib/azure/guard.js

/**
 * Stops a run that is about to act on another cluster than the one it is meant for. ARM ids do not differ by
 * case.
 * @param expected the input `expected-cluster-id`; '' lets everything pass.
 * @param actual the full resource id; undefined for a cluster that was reached without ARM.
 */
function requireExpectedCluster(expected, actual) {
    if (expected === '')
        return;
    if (actual === undefined) {
        throw new errors/* UserError */.yo('expected-cluster-id cannot be checked for a cluster that is named by a kubeconfig.', {
            next: 'Name the cluster by cluster-name, resource-group and subscription-id, or leave expected-cluster-id out.',
        });
    }
    if (normal(expected) === normal(actual))
        return;
    throw new errors/* UserError */.yo(`This is not the cluster that expected-cluster-id names, so nothing is touched.\n  expected: ${expected}\n  found:    ${actual}`, { next: 'Correct cluster-name, resource-group and subscription-id, or expected-cluster-id.' });
}
function normal(id) {
    return `/${id.toLowerCase().split('/').filter(Boolean).join('/')}`;
}

;// CONCATENATED MODULE: ./lib/azure/token-source.js
/** A renewal is due this long before the end: shorter than the five minutes in which MSAL's own cache renews. */
const EARLY_MS = 4 * 60_000;
/** A renewal that failed is not tried again for this long while the old token is still good. */
const PAUSE_MS = 10_000;
/**
 * Remembers the token of `fetch` and renews it before it ends. Callers that come while one is on its way
 * share it. When a renewal fails and the old token is still good, the old one is given.
 * @param fetch told whether the token that it gave last was refused, so that no cache below may give it again.
 */
function createTokenSource(fetch, options = {}) {
    const now = options.now ?? Date.now;
    let current;
    let pending;
    const renew = async (afterRefusal) => {
        try {
            const fresh = await fetch(afterRefusal);
            options.mask?.(fresh.token);
            const lifetime = fresh.expiresAt - now();
            current = { ...fresh, renewAt: fresh.expiresAt - Math.min(EARLY_MS, lifetime / 5) };
            return fresh;
        }
        catch (error) {
            if (current === undefined || now() >= current.expiresAt)
                throw error;
            options.onRenewalFailed?.(error);
            current.renewAt = Math.min(current.expiresAt, now() + PAUSE_MS);
            return current;
        }
    };
    return async (signal, refused) => {
        signal?.throwIfAborted();
        const afterRefusal = refused !== undefined && current?.token === refused;
        if (afterRefusal)
            current = undefined;
        if (current !== undefined && now() < current.renewAt)
            return current;
        pending ??= renew(afterRefusal).finally(() => {
            pending = undefined;
        });
        return abortable(pending, signal);
    };
}
/** Waits for `promise`, which goes on when the waiting is given up. */
async function abortable(promise, signal) {
    if (signal === undefined)
        return promise;
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
        return await Promise.race([promise, aborted]);
    }
    finally {
        signal.removeEventListener('abort', onAbort);
        promise.catch(() => { });
    }
}

;// CONCATENATED MODULE: ./lib/azure/assertion.js


/**
 * One request for a token asks for its assertion twice, and each costs a request to the runner; a token of
 * the runner is good for five minutes.
 */
const REUSE_MS = 60_000;
/** The runner's service answers within a second. */
const ANSWER_MS = 5000;
/**
 * @param getIdToken `core.getIDToken`: asks the runner and masks what it gets.
 * @param audience what the federated credential in Entra ID expects.
 */
function createAssertionSource(getIdToken, audience, options = {}) {
    const { now = Date.now, explain = () => undefined } = options;
    let pending;
    let askedAt = 0;
    let claims = { audience };
    const ask = async () => {
        try {
            const token = await abortable(getIdToken(audience), AbortSignal.timeout(ANSWER_MS));
            claims = claimsOf(token);
            return token;
        }
        catch (error) {
            pending = undefined;
            throw explain(error) ?? noToken(error);
        }
    };
    return {
        get: async () => {
            if (pending === undefined || now() - askedAt >= REUSE_MS) {
                askedAt = now();
                // Not within the executor of `ask`, so that its failure forgets this promise and no other.
                pending = Promise.resolve().then(ask);
            }
            return pending;
        },
        claims: () => claims,
    };
}
/**
 * @throws UserError when the job may not have an identity token.
 */
function requireIdTokenPermission(environment) {
    if (environment.ACTIONS_ID_TOKEN_REQUEST_URL && environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN)
        return;
    if (environment.GITHUB_ACTIONS !== 'true') {
        throw new errors/* UserError */.yo('client-id and tenant-id sign in with the identity token of a GitHub Actions job, and this is not one.', {
            next: 'Leave both out to use the session of `az login`, or set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.',
        });
    }
    throw new errors/* UserError */.yo('The job has no identity token to sign in to Azure with: it lacks `permissions: id-token: write`.', {
        next: [
            'Add this to the job:',
            '  permissions:',
            '    id-token: write',
            '    contents: read',
            'A workflow that is called by another one gets no more than its caller has, and a pull request from a fork never gets it.',
        ].join('\n'),
        docs: 'azure.md#oidc',
    });
}
function noToken(error) {
    return new errors/* UserError */.yo(`The runner gave no identity token for this job: ${firstLine((0,errors/* messageOf */.bD)(error))}`, {
        next: 'Check that the job has `permissions: id-token: write`, and that a proxy in between lets the address of ACTIONS_ID_TOKEN_REQUEST_URL through.',
        docs: 'azure.md#oidc',
        cause: error,
    });
}
function firstLine(text) {
    return text.trim().split('\n', 1)[0] ?? '';
}
/** Claims of a JWT, without a look at its signature. */
function claimsOf(token) {
    try {
        const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
        if (typeof payload !== 'object' || payload === null)
            return {};
        const { iss, sub, aud } = payload;
        return {
            ...(typeof iss === 'string' ? { issuer: iss } : {}),
            ...(typeof sub === 'string' ? { subject: sub } : {}),
            ...(typeof aud === 'string' ? { audience: aud } : {}),
        };
    }
    catch {
        return {};
    }
}

;// CONCATENATED MODULE: ./lib/azure/cached-identity.js


/**
 * Puts one source of tokens per scope in front of a credential, as most credentials ask anew each time.
 * `first` is a source whose errors are as the credential threw them; all others go through `explain`.
 */
function cachedIdentity(candidate, deps, explain) {
    let credential = candidate.create();
    const sources = new Map();
    const ask = async (scope, claims) => {
        const request = credential.getToken(scope, claims === undefined ? {} : { claims });
        const token = await abortable(request, AbortSignal.timeout(candidate.timeoutMs));
        if (token === null)
            throw new Error(`no token was given for ${scope}`);
        return { token: token.token, expiresAt: token.expiresOnTimestamp };
    };
    const source = (scope) => {
        const known = sources.get(scope);
        if (known !== undefined)
            return known;
        const fetch = (afterRefusal) => {
            // The credential has a cache of its own, which a new one starts without.
            if (afterRefusal)
                credential = candidate.create();
            return ask(scope);
        };
        const made = createTokenSource(fetch, {
            mask: deps.mask,
            onRenewalFailed: (error) => deps.log.warning(`The Azure token could not be renewed yet: ${(0,errors/* messageOf */.bD)(explain(error))}`),
            ...(deps.now === undefined ? {} : { now: deps.now }),
        });
        sources.set(scope, made);
        return made;
    };
    const tokens = (scope) => async (signal, refused) => {
        try {
            return await source(scope)(signal, refused);
        }
        catch (error) {
            signal?.throwIfAborted();
            throw explain(error);
        }
    };
    const getToken = async (scopes, options) => {
        const scope = typeof scopes === 'string' ? scopes : (scopes[0] ?? '');
        // A challenge asks for a token with certain claims, which a remembered one lacks.
        const token = options?.claims
            ? await ask(scope, options.claims)
            : await tokens(scope)(options?.abortSignal);
        return accessToken(token);
    };
    const { kind, title } = candidate;
    return { kind, title, tokens, credential: { getToken }, first: (scope, signal) => source(scope)(signal) };
}
function accessToken({ token, expiresAt }) {
    return { token, expiresOnTimestamp: expiresAt, tokenType: 'Bearer' };
}

// EXTERNAL MODULE: ./node_modules/@azure/identity/dist/esm/index.js + 182 modules
var identity_dist_esm = __webpack_require__(25563);
;// CONCATENATED MODULE: ./lib/azure/candidates.js

/** There is nothing to ask for a token. */
class NothingThere extends Error {
}
/** An `az` that hangs is given up after this long; it takes seconds to start. */
const AZ_TIMEOUT_MS = 20_000;
/** Entra ID answers in well under a second; three retries are in this. */
const ENTRA_TIMEOUT_MS = 8000;
const IMDS = 'http://169.254.169.254/metadata/instance?api-version=2021-02-01';
const IMDS_PROBE_MS = 1000;
/** All ways to sign in, in the order in which they are tried. */
function candidates(options) {
    return [
        oidc(options),
        azureCli(options),
        secret(options),
        certificate(options),
        workload(options),
        managed(options),
    ];
}
/**
 * The cloud's hosts are fixed by us or named by the user, so they are not looked up at the public cloud's
 * instance discovery, which a sovereign or closed network does not reach.
 */
function common({ cloud, userAgent, witness }) {
    return {
        authorityHost: cloud.authorityHost,
        disableInstanceDiscovery: true,
        retryOptions: { maxRetries: 3, retryDelayInMs: 400, maxRetryDelayInMs: 10_000 },
        userAgentOptions: { userAgentPrefix: userAgent },
        additionalPolicies: [{ policy: witness.policy, position: 'perRetry' }],
    };
}
function oidc(options) {
    const { clientId, tenantId, assertion } = options;
    return {
        kind: 'oidc',
        title: `application ${clientId} of tenant ${tenantId} (identity token of the job)`,
        ...(clientId === '' ? { absent: 'no client-id and tenant-id are given' } : {}),
        explicit: true,
        timeoutMs: ENTRA_TIMEOUT_MS,
        create: () => new identity_dist_esm/* ClientAssertionCredential */.XI(tenantId, clientId, () => assertion.get(), common(options)),
    };
}
function azureCli({ sessionTenantId }) {
    return {
        kind: 'azure-cli',
        title: 'the Azure CLI session',
        explicit: false,
        timeoutMs: AZ_TIMEOUT_MS + 1000,
        create: () => new identity_dist_esm/* AzureCliCredential */.nG({
            processTimeoutInMs: AZ_TIMEOUT_MS,
            ...(sessionTenantId === undefined ? {} : { tenantId: sessionTenantId }),
        }),
    };
}
function secret(options) {
    const { AZURE_TENANT_ID = '', AZURE_CLIENT_ID = '', AZURE_CLIENT_SECRET = '' } = options.environment;
    const absent = missing({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET });
    return {
        kind: 'client-secret',
        title: `application ${AZURE_CLIENT_ID} (AZURE_CLIENT_SECRET)`,
        ...absent,
        explicit: true,
        timeoutMs: ENTRA_TIMEOUT_MS,
        create: () => new identity_dist_esm/* ClientSecretCredential */.HC(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, common(options)),
    };
}
function certificate(options) {
    const { environment } = options;
    const { AZURE_TENANT_ID = '', AZURE_CLIENT_ID = '', AZURE_CLIENT_CERTIFICATE_PATH = '' } = environment;
    const password = environment.AZURE_CLIENT_CERTIFICATE_PASSWORD;
    const chain = /^(true|1)$/i.test(environment.AZURE_CLIENT_SEND_CERTIFICATE_CHAIN ?? '');
    return {
        kind: 'client-certificate',
        title: `application ${AZURE_CLIENT_ID} (AZURE_CLIENT_CERTIFICATE_PATH)`,
        ...missing({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH }),
        explicit: true,
        timeoutMs: ENTRA_TIMEOUT_MS,
        create: () => new identity_dist_esm/* ClientCertificateCredential */.m0(AZURE_TENANT_ID, AZURE_CLIENT_ID, {
            certificatePath: AZURE_CLIENT_CERTIFICATE_PATH,
            ...(password ? { certificatePassword: password } : {}),
        }, { ...common(options), sendCertificateChain: chain }),
    };
}
function workload(options) {
    const { AZURE_TENANT_ID = '', AZURE_CLIENT_ID = '', AZURE_FEDERATED_TOKEN_FILE = '' } = options.environment;
    return {
        kind: 'workload-identity',
        title: `application ${AZURE_CLIENT_ID} (workload identity)`,
        ...missing({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE }),
        explicit: true,
        timeoutMs: ENTRA_TIMEOUT_MS,
        create: () => new identity_dist_esm/* WorkloadIdentityCredential */.R9({
            ...common(options),
            tenantId: AZURE_TENANT_ID,
            clientId: AZURE_CLIENT_ID,
            tokenFilePath: AZURE_FEDERATED_TOKEN_FILE,
        }),
    };
}
function managed(options) {
    const { environment } = options;
    const clientId = environment.AZURE_CLIENT_ID ?? '';
    const endpoint = ['IDENTITY_ENDPOINT', 'MSI_ENDPOINT', 'AZURE_POD_IDENTITY_AUTHORITY_HOST'].find((name) => environment[name]);
    const hosted = environment.RUNNER_ENVIRONMENT === 'github-hosted';
    return {
        kind: 'managed-identity',
        title: clientId === '' ? "the machine's managed identity" : `managed identity ${clientId}`,
        // A hosted runner's own machine has a metadata address, but no identity of the user's; it may hang.
        ...(hosted && endpoint === undefined ? { absent: 'a GitHub-hosted runner has none' } : {}),
        explicit: endpoint !== undefined,
        timeoutMs: ENTRA_TIMEOUT_MS,
        create: () => new identity_dist_esm/* ManagedIdentityCredential */.NC({
            ...(clientId === '' ? {} : { clientId }),
            retryOptions: { maxRetries: 2, retryDelayInMs: 400 },
            userAgentOptions: { userAgentPrefix: options.userAgent },
        }),
        ...(endpoint === undefined ? { probe: probeMetadataAddress } : {}),
    };
}
/** The metadata address answers at once, with a refusal, to a request without its header. */
async function probeMetadataAddress() {
    try {
        const answer = await fetch(IMDS, { signal: AbortSignal.timeout(IMDS_PROBE_MS) });
        await answer.body?.cancel();
    }
    catch (cause) {
        throw new NothingThere('no metadata address answers', { cause });
    }
}
function missing(variables) {
    const names = Object.keys(variables).filter((name) => variables[name] === '');
    return names.length === 0
        ? {}
        : { absent: `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not set` };
}

;// CONCATENATED MODULE: ./lib/azure/sign-in-errors.js


const DOCS = 'azure.md#signing-in';
/** The user error for a failed sign-in; an error that is not understood is given back as it is. */
function explainSignIn(error, context) {
    const known = userErrorIn(error);
    if (known !== undefined)
        return known;
    const text = [...(0,errors/* causesOf */.cZ)(error), ...(0,errors/* causesOf */.cZ)(context.failure)].join('\n');
    const code = /AADSTS(\d+)/.exec(text)?.[1];
    const who = names(context);
    if (code !== undefined) {
        const explain = sign_in_errors_EXPLANATIONS[code];
        const { message, next } = explain?.(who, context) ?? {
            message: `Entra ID refuses the sign-in: ${saying(text)}`,
            next: `Look up the code at https://login.microsoftonline.com/error?code=${code} .`,
        };
        return new errors/* UserError */.yo(`${message} (AADSTS${code})`, { next, docs: DOCS, cause: error });
    }
    const network = explainNetwork(networkCode(error) === undefined ? context.failure : error, {
        name: 'Entra ID',
        url: new URL(context.cloud.authorityHost),
        proxyFor: context.proxyFor,
    });
    if (network !== undefined)
        return network;
    if (/openid_config_error|endpoints_resolution_error|invalid_tenant/i.test(text)) {
        return new errors/* UserError */.yo(`Entra ID does not know the tenant ${who.tenant}.`, {
            next: 'Check tenant-id and azure-cloud: a tenant is known only to its own cloud.',
            docs: DOCS,
            cause: error,
        });
    }
    if (/ENOENT|certificate file|PEM-encoded/i.test(text) && context.kind === 'client-certificate') {
        return new errors/* UserError */.yo(`The certificate to sign in with cannot be used: ${saying(text)}`, {
            next: 'AZURE_CLIENT_CERTIFICATE_PATH must name a PEM file that holds the certificate and its private key.',
            docs: DOCS,
            cause: error,
        });
    }
    if (error instanceof Error &&
        /^(AuthenticationRequiredError|AuthenticationError|CredentialUnavailableError)$/.test(error.name)) {
        return new errors/* UserError */.yo(`The sign-in to Azure with ${context.kind} failed: ${saying(text)}`, {
            next: 'Check the identity that is used; the log says which one was taken and why.',
            docs: DOCS,
            cause: error,
        });
    }
    return error;
}
const federated = ({ client }, { claims, cloud }) => ({
    message: `The application ${client} has no federated credential for this job`,
    next: [
        'Add one whose values are exactly these (az ad app federated-credential create):',
        `  issuer:   ${claims.issuer ?? 'https://token.actions.githubusercontent.com'}`,
        `  subject:  ${claims.subject ?? 'repo:<owner>/<repository>:ref:refs/heads/<branch>'}`,
        `  audience: ${claims.audience ?? cloud.oidcAudience}`,
        'The subject changes with what starts the job: a branch, a tag, a pull request or an environment.',
    ].join('\n'),
});
const expiredAssertion = (_who, { kind }) => kind === 'azure-cli'
    ? {
        message: 'The session that azure/login left has outlived its identity token',
        next: 'Give client-id and tenant-id to this action, so that it gets a fresh identity token whenever it needs one.',
    }
    : {
        message: 'The identity token is not valid at this time',
        next: 'Check the clock of the runner; the token is minutes old at most.',
    };
const sign_in_errors_EXPLANATIONS = {
    '700016': ({ client, tenant }) => ({
        message: `There is no application ${client} in the tenant ${tenant}`,
        next: 'Check client-id (the application id, not the object id) and tenant-id, and azure-cloud.',
    }),
    '90002': ({ tenant }) => ({
        message: `Entra ID does not know the tenant ${tenant}`,
        next: 'Check tenant-id and azure-cloud: a tenant is known only to its own cloud.',
    }),
    '900023': ({ tenant }) => ({
        message: `${tenant} is neither a tenant id nor a domain`,
        next: 'Check tenant-id.',
    }),
    '900382': () => ({
        message: 'The tenant belongs to another cloud',
        next: 'Set azure-cloud to the cloud of the tenant: public, us-government or china.',
    }),
    '700213': federated,
    '700211': federated,
    '700212': federated,
    '70021': federated,
    '700024': expiredAssertion,
    '7000215': ({ client }) => ({
        message: `The secret for the application ${client} is wrong`,
        next: "Set AZURE_CLIENT_SECRET to the secret's value, not to its id.",
    }),
    '7000222': ({ client }) => ({
        message: `The secret of the application ${client} has expired`,
        next: 'Make a new one, or use client-id and tenant-id with a federated credential, which needs no secret.',
    }),
    '700027': ({ client }) => ({
        message: `The certificate is not one of the application ${client}, or has expired`,
        next: 'Upload the certificate of AZURE_CLIENT_CERTIFICATE_PATH to the application.',
    }),
    '500011': ({ tenant }) => ({
        message: `The tenant ${tenant} does not know the service that a token was asked for`,
        next: 'Check azure-cloud, and that the tenant has a subscription with AKS.',
    }),
    '53003': ({ client }) => ({
        message: `A conditional access policy blocks the sign-in of ${client}`,
        next: 'Let the workload identity through in that policy, for example by the address of the runner.',
    }),
    '7000112': ({ client }) => ({
        message: `The application ${client} is disabled`,
        next: 'Enable its service principal in the tenant.',
    }),
};
// The sign-in of a personal or guest session of az that has ended, in its several forms.
for (const code of ['70043', '700082', '50173', '50078', '50076']) {
    sign_in_errors_EXPLANATIONS[code] = () => ({
        message: 'The session of the Azure CLI has ended or needs a person to confirm it',
        next: 'Run `az login` again, or give client-id and tenant-id to this action.',
    });
}
function names({ kind, clientId, tenantId, environment }) {
    const ofInputs = kind === 'oidc';
    return {
        client: (ofInputs ? clientId : environment.AZURE_CLIENT_ID) || 'of the session',
        tenant: (ofInputs ? tenantId : environment.AZURE_TENANT_ID) || 'of the session',
    };
}
/** What Entra ID says, without ids and times that only its operators need. */
function saying(text) {
    const line = (/AADSTS\d+:[^\n]*/.exec(text)?.[0] ?? text.split('\n', 1)[0] ?? '')
        .replace(/\s*(-\s*)?(Trace ID|Correlation ID|Timestamp):.*$/i, '')
        .trim();
    return line.slice(0, 500);
}
/** The sign-in library wraps what the callbacks that it is given throw. */
function userErrorIn(error) {
    let current = error;
    for (let depth = 0; depth < 10 && current instanceof Error; depth++) {
        if (current instanceof errors/* UserError */.yo)
            return current;
        current = current.cause;
    }
    return undefined;
}

;// CONCATENATED MODULE: ./lib/azure/witness.js
/** More of an answer than this is not remembered. */
const TEXT_LIMIT = 4000;
function createWitness() {
    let failure;
    return {
        failure: () => failure,
        policy: {
            name: 'witness',
            sendRequest: async (request, next) => {
                try {
                    const response = await next(request);
                    failure =
                        response.status < 400 ? undefined : new Error(refusal(response.status, response.bodyAsText));
                    return response;
                }
                catch (error) {
                    failure = error instanceof Error ? error : new Error(String(error));
                    throw error;
                }
            },
        },
    };
}
function refusal(status, body) {
    try {
        const { error_description: description } = JSON.parse(body ?? '');
        if (typeof description === 'string')
            return description.slice(0, TEXT_LIMIT);
    }
    catch {
        // Not what Entra ID sends; a proxy's page, say.
    }
    return `HTTP ${status}`;
}

;// CONCATENATED MODULE: ./lib/azure/identity.js







/**
 * Signs in to Azure: with the job's identity token where client-id is given; else with the session of the
 * Azure CLI, a secret, a certificate, workload identity or a managed identity, the first that there is. One
 * that somebody has set up and that fails is not passed over. The log says which was taken and why the
 * ones before it were not.
 * @throws UserError when none works, with the reason for each.
 */
async function signIn(options, deps, signal) {
    const { environment, log, mask, proxyFor = proxyOf(deps.environment) } = deps;
    if (options.clientId !== '')
        requireIdTokenPermission(environment);
    maskSecrets(environment, mask);
    const assertion = createAssertionSource(deps.getIdToken, options.oidcAudience || options.cloud.oidcAudience, { now: deps.now, explain: (error) => explainTokenService(error, environment, proxyFor) });
    const witness = createWitness();
    const refusals = [];
    for (const each of candidates({
        witness,
        ...options,
        environment,
        userAgent: deps.userAgent,
        assertion,
    })) {
        signal?.throwIfAborted();
        if (each.absent !== undefined) {
            refusals.push(`${each.kind}: ${each.absent}`);
            continue;
        }
        const explain = (error) => explainSignIn(error, {
            ...options,
            kind: each.kind,
            environment,
            proxyFor,
            claims: assertion.claims(),
            failure: witness.failure(),
        });
        try {
            const identity = await tryCandidate(each, options.cloud, deps, explain, signal);
            log.info(`Signed in to Azure with ${identity.title}.`);
            if (refusals.length > 0)
                log.info(`Not used: ${refusals.join('; ')}.`);
            return identity;
        }
        catch (error) {
            signal?.throwIfAborted();
            const explained = explain(error);
            if (each.explicit || (explained instanceof errors/* UserError */.yo && !isUnavailable(error)))
                throw explained;
            refusals.push(`${each.kind}: ${reasonOf(error)}`);
        }
    }
    throw nobody(refusals);
}
function explainTokenService(error, { ACTIONS_ID_TOKEN_REQUEST_URL: address = '' }, proxyFor) {
    if (!URL.canParse(address))
        return undefined;
    return explainNetwork(error, { name: "GitHub's identity tokens", url: new URL(address), proxyFor });
}
async function tryCandidate(candidate, cloud, deps, explain, signal) {
    await candidate.probe?.();
    const identity = cachedIdentity(candidate, deps, explain);
    await identity.first(cloud.armScope, signal);
    return identity;
}
function maskSecrets(environment, mask) {
    for (const name of [
        'AZURE_CLIENT_SECRET',
        'AZURE_CLIENT_CERTIFICATE_PASSWORD',
        'IDENTITY_HEADER',
        'MSI_SECRET',
    ]) {
        const secret = environment[name];
        if (secret)
            mask(secret);
    }
}
/** Whether a way to sign in is simply not there: no `az`, nobody logged in, no metadata address. */
function isUnavailable(error) {
    if (error instanceof NothingThere)
        return true;
    const unavailable = error instanceof Error && error.name === 'CredentialUnavailableError';
    return unavailable && !/AADSTS\d+/.test((0,errors/* causesOf */.cZ)(error).join('\n'));
}
function reasonOf(error) {
    const text = (0,errors/* messageOf */.bD)(error);
    if (/Azure CLI could not be found/i.test(text))
        return 'az is not installed';
    if (/az login/i.test(text))
        return 'nobody is logged in with az';
    return (text.split('\n', 1)[0] ?? '').slice(0, 300);
}
function nobody(refusals) {
    return new errors/* UserError */.yo(`There is no way to sign in to Azure:\n${refusals.map((each) => `  ${each}`).join('\n')}`, {
        next: [
            'Give client-id and tenant-id of an application with a federated credential for this repository, and the job `permissions: id-token: write`;',
            'or run azure/login before this step.',
        ].join(' '),
        docs: 'azure.md#signing-in',
    });
}

// EXTERNAL MODULE: external "node:http"
var external_node_http_ = __webpack_require__(37067);
// EXTERNAL MODULE: external "node:net"
var external_node_net_ = __webpack_require__(77030);
;// CONCATENATED MODULE: ./lib/azure/reach.js



/** Tries a connection, directly or through a proxy, and closes it. Never longer than `timeoutMs`. */
async function reach(server, options) {
    const url = new URL(server);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = Number(url.port || 443);
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    try {
        await (options.proxy === undefined
            ? direct(host, port, signal)
            : tunnel(options.proxy, url, port, signal));
        return { reachable: true };
    }
    catch (error) {
        options.signal?.throwIfAborted();
        return { reachable: false, why: timeout.aborted ? 'no connection in time' : reason(error) };
    }
}
function direct(host, port, signal) {
    return new Promise((resolve, reject) => {
        const socket = (0,external_node_net_.connect)({ host, port, signal });
        socket.once('connect', () => {
            socket.destroy();
            resolve();
        });
        socket.once('error', reject);
    });
}
function tunnel(proxy, url, port, signal) {
    // A proxy that itself speaks TLS is taken at its word; the client that is used later reports on it.
    if (proxy.protocol !== 'http:')
        return Promise.resolve();
    return new Promise((resolve, reject) => {
        const user = [proxy.username, proxy.password].map(decodeURIComponent).join(':');
        const target = `${url.hostname}:${port}`;
        const call = (0,external_node_http_.request)({
            host: proxy.hostname,
            port: proxy.port || 80,
            method: 'CONNECT',
            path: target,
            headers: {
                host: target,
                ...(user === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }),
            },
            agent: false,
            signal,
        });
        call.once('connect', ({ statusCode = 0 }, socket) => {
            socket.destroy();
            if (statusCode >= 200 && statusCode < 300)
                resolve();
            else
                reject(new Error(`the proxy ${proxy.host} answers ${statusCode}`));
        });
        call.once('response', ({ statusCode = 0 }) => reject(new Error(`the proxy ${proxy.host} answers ${statusCode}`)));
        call.once('error', reject);
        call.end();
    });
}
function reason(error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
    if (code === 'ENOTFOUND')
        return 'its name does not resolve here';
    if (code === 'EAI_AGAIN')
        return 'no name server answers for its name';
    if (code === 'ECONNREFUSED')
        return 'it refuses the connection';
    if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH')
        return 'there is no route to it';
    return (0,errors/* messageOf */.bD)(error);
}

;// CONCATENATED MODULE: ./lib/azure/private.js


/** A connection to an API server is there in well under a second, or not at all. */
const PROBE_MS = 4000;
/**
 * Decides how a cluster is reached, within seconds: a private cluster seen from outside would otherwise let
 * every request run into its own timeout.
 * @throws UserError with the ways out when it cannot be reached.
 */
async function chooseRoute(options, tryToReach = reach) {
    const { mode, cluster, server, proxy, signal } = options;
    if (mode === 'run-command') {
        requireRunCommand(cluster, 'private-cluster is run-command');
        return { route: 'run-command', why: 'private-cluster is run-command' };
    }
    if (!cluster.private)
        return { route: 'direct', why: 'the cluster is public' };
    const found = await tryToReach(server, { proxy, timeoutMs: PROBE_MS, signal });
    if (found.reachable)
        return { route: 'direct', why: 'the cluster is private and can be reached from here' };
    const host = new URL(server).hostname;
    const why = `the cluster is private and its API server ${host} cannot be reached from here: ${found.why}`;
    if (mode === 'direct')
        throw unreachable(cluster, why);
    requireRunCommand(cluster, why);
    return { route: 'run-command', why };
}
/** @throws UserError when the cluster does not let commands be run in it. */
function requireRunCommand(cluster, why) {
    if (cluster.runCommandDisabled)
        throw unreachable(cluster, `${why}, and run command is disabled`);
}
function unreachable(cluster, why) {
    const { name, resourceGroup, runCommandDisabled } = cluster;
    const command = runCommandDisabled
        ? `enable run command (az aks update -g ${resourceGroup} -n ${name} --enable-run-command) and set private-cluster: run-command.`
        : 'set private-cluster: run-command (or auto): the nodes are then read by a command that AKS runs in the cluster.';
    return new errors/* UserError */.yo(`The cluster ${name} cannot be reached: ${why}.`, {
        next: [
            'There are three ways out:',
            "  1. run the job on a self-hosted runner in the cluster's virtual network or one that is peered with it, with its private DNS zone;",
            '  2. give the runner a way in: a VPN, a private endpoint or a proxy (HTTPS_PROXY) that reaches that network;',
            `  3. ${command}`,
        ].join('\n'),
        docs: 'azure.md#private-clusters',
    });
}
/** What ARM knows about why an API server did not answer; undefined when that is nothing. */
function hintOnReach(cluster) {
    if (cluster.private)
        return 'The cluster is private: its API server answers only in its virtual network.';
    if (cluster.authorizedIpRanges.length === 0)
        return undefined;
    const ranges = cluster.authorizedIpRanges.slice(0, 5).join(', ');
    return `The API server answers only these addresses: ${ranges}. Add the address of the runner (az aks update --api-server-authorized-ip-ranges), or use a runner that has one of them.`;
}

// EXTERNAL MODULE: ./lib/azure/operation.js
var azure_operation = __webpack_require__(93002);
// EXTERNAL MODULE: external "node:zlib"
var external_node_zlib_ = __webpack_require__(38522);
;// CONCATENATED MODULE: ./lib/azure/zip.js

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** Version 2.0: what deflate needs. */
const VERSION = 20;
const UTF8_NAMES = 0x0800;
const DEFLATE = 8;
/** 1980-01-01, the first day that a zip knows: the same files give the same bytes. */
const DATE = 0x0021;
/**
 * A zip file with these contents, names as given. For a handful of small files: no zip64.
 * Format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
 */
function zip(files) {
    const parts = [];
    const directory = [];
    let offset = 0;
    for (const [name, content] of Object.entries(files)) {
        const data = Buffer.from(content);
        const packed = (0,external_node_zlib_.deflateRawSync)(data);
        const nameBytes = Buffer.from(name, 'utf8');
        const common = Buffer.alloc(26);
        common.writeUInt16LE(VERSION, 0);
        common.writeUInt16LE(UTF8_NAMES, 2);
        common.writeUInt16LE(DEFLATE, 4);
        common.writeUInt16LE(0, 6);
        common.writeUInt16LE(DATE, 8);
        common.writeUInt32LE((0,external_node_zlib_.crc32)(data), 10);
        common.writeUInt32LE(packed.length, 14);
        common.writeUInt32LE(data.length, 18);
        common.writeUInt16LE(nameBytes.length, 22);
        const local = Buffer.concat([number32(LOCAL), common, nameBytes, packed]);
        parts.push(local);
        directory.push(Buffer.concat([
            number32(CENTRAL),
            number16(VERSION),
            common,
            Buffer.alloc(10),
            number32(offset),
            nameBytes,
        ]));
        offset += local.length;
    }
    const central = Buffer.concat(directory);
    const count = number16(directory.length);
    const end = [
        number32(END),
        Buffer.alloc(4),
        count,
        count,
        number32(central.length),
        number32(offset),
        number16(0),
    ];
    return Buffer.concat([...parts, central, ...end]);
}
function number16(value) {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    return bytes;
}
function number32(value) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
}

;// CONCATENATED MODULE: ./lib/azure/run-command.js






/** Bytes of output that AKS keeps. */
const OUTPUT_LIMIT = 512 * 1024;
const run_command_DOCS = 'azure.md#private-clusters';
/**
 * Runs a command in a cluster through ARM, which needs no way to its API server. A command that fails is no
 * error: look at `exitCode`.
 * @throws UserError when the command could not be run, ArmError when ARM refused.
 */
async function runCommand(arm, cluster, { command, files = {} }, options) {
    requireRunCommand(cluster, 'it is to be reached by run command');
    const clusterToken = await options.clusterToken?.(options.signal);
    const call = {
        method: 'POST',
        path: `${(0,managed_cluster/* clusterPath */.Sf)(cluster)}/runCommand`,
        signal: options.signal,
        body: {
            command,
            ...(Object.keys(files).length === 0 ? {} : { context: zip(files).toString('base64') }),
            ...(clusterToken === undefined ? {} : { clusterToken: clusterToken.token }),
        },
    };
    try {
        const answer = await arm.request(call);
        const operation = (0,azure_operation/* operationOf */.zI)(call, answer, options.now);
        const result = operation === undefined ? answer.body : await (0,azure_operation/* followOperation */.Dn)(arm, operation, options);
        return resultOf(result);
    }
    catch (error) {
        throw explained(error, cluster);
    }
}
function resultOf(body) {
    const properties = (0,arm_error/* record */.g1)((0,arm_error/* record */.g1)(body)?.properties);
    const state = (0,arm_error/* text */.Qq)(properties?.provisioningState)?.toLowerCase();
    const exitCode = properties?.exitCode;
    if (state !== 'succeeded' || typeof exitCode !== 'number') {
        const reason = (0,arm_error/* text */.Qq)(properties?.reason) ?? (0,arm_error/* text */.Qq)(properties?.logs) ?? `it ended as ${state ?? 'unknown'}`;
        throw new arm_error/* ArmError */.dW(reason.slice(0, 2000), { call: 'runCommand', code: 'RunCommandFailed', status: 200 });
    }
    const logs = (0,arm_error/* text */.Qq)(properties?.logs) ?? '';
    return { exitCode, logs, cut: Buffer.byteLength(logs) >= OUTPUT_LIMIT };
}
/** What went wrong with the pod that AKS makes for the command; a refusal of ARM itself is left as it is. */
function explained(error, { name }) {
    if (!(error instanceof arm_error/* ArmError */.dW) || error.code === 'AuthorizationFailed')
        return error;
    const because = (what, next) => new errors/* UserError */.yo(`The command could not be run in the cluster ${name}: ${what}`, {
        next,
        docs: run_command_DOCS,
        cause: error,
    });
    if (/did not start within|not schedulable|insufficient resources|timed? ?out.*schedul/i.test(error.message) ||
        error.code === 'KubernetesPerformanceError') {
        return because(error.message, 'AKS gives its pod 60 seconds to start; it needs 200m CPU and 500Mi memory on a ready Linux node without taints. Make room (a node more, or a pool without taints) and run again.');
    }
    if (/admission webhook|denied the request|violates PodSecurity/i.test(error.message)) {
        return because(error.message, 'A policy refuses the pod of AKS. Exempt the namespace aks-command from it.');
    }
    if (/run command.*disabled|RunCommandDisabled/i.test(`${error.code} ${error.message}`)) {
        return because(error.message, 'Enable it (az aks update --enable-run-command), or use a runner in the network of the cluster.');
    }
    if (error.code === 'OperationTimeout' || error.code === 'TIMEOUT') {
        return because('it has not ended in time.', 'Run again, with a larger timeout-seconds, or read fewer nodes at once.');
    }
    if (error.code === 'RunCommandFailed' || /^Kubernetes\w*Error$/.test(error.code)) {
        return because(error.message, 'Try it by hand: az aks command invoke -g … -n … --command "kubectl get nodes".');
    }
    return error;
}

;// CONCATENATED MODULE: ./lib/azure/connect-aks.js











/**
 * Signs in to Azure, finds the cluster, gets its credentials and decides how it is reached.
 * @throws UserError for all that a user can do something about.
 */
async function connectAks(options, deps, signal) {
    const { environment, log, proxyFor = proxyOf(environment) } = deps;
    requireExpectedCluster(options.expectedClusterId, (0,managed_cluster/* clusterPath */.Sf)(options));
    const cloud = azureCloud(options.cloud, environment);
    const identity = await signIn({ ...options, cloud }, deps, signal);
    const explain = (error, failed) => explainArm(error, { failed, cloud, proxyFor, identity: identity.title });
    const { subscriptionId, name } = options;
    const arm = createArm({
        cloud,
        credential: identity.credential,
        tokens: identity.tokens(cloud.armScope),
        subscriptionId,
        userAgent: deps.userAgent,
        log,
    });
    const cluster = await explaining((0,managed_cluster/* readManagedCluster */.ie)(arm, options, signal), (error) => explain(error, `The cluster ${name} cannot be read from Azure`));
    log.info(describe(cluster));
    requireExpectedCluster(options.expectedClusterId, cluster.id);
    (0,managed_cluster/* requireRunning */.jq)(cluster);
    const reached = await reachCluster(arm, cluster, options, { ...deps, signal, explain });
    const hint = hintOnReach(cluster);
    const serverId = reached.route === 'run-command' && cluster.entra ? AKS_SERVER_ID : reached.credentials?.serverId;
    const tokenSource = serverId === undefined ? undefined : identity.tokens(scopeOf(serverId));
    // At once: a session of az whose identity token has ended gets none for a new audience.
    await tokenSource?.(signal);
    return {
        facts: (0,managed_cluster/* clusterFacts */.s7)(cluster, reached.credentials?.server ?? (0,managed_cluster/* addressOf */.ci)(cluster)),
        cluster,
        arm,
        identity,
        route: reached.route,
        kubeconfig: reached.credentials?.kubeconfig ?? '',
        explain,
        ...(tokenSource === undefined ? {} : { tokenSource }),
        ...(hint === undefined ? {} : { hint }),
        ...(reached.route === 'direct' ? {} : { runCommand: commandRunner(arm, cluster, tokenSource, explain) }),
    };
}
async function reachCluster(arm, cluster, { admin, privateCluster: mode }, { mask, log, proxyFor, signal, explain }) {
    // Run command needs no credentials, nor the right to get them.
    if (mode === 'run-command') {
        const { route } = await chooseRoute({ mode, cluster, server: '', signal });
        return { route };
    }
    const credentials = await explaining(clusterCredentials(arm, cluster, { admin, mask, signal }), (error) => explain(error, `The ${admin ? 'admin' : 'user'} credentials of the cluster ${cluster.name} cannot be had`));
    const { server } = credentials;
    const proxy = proxyFor?.(new URL(server));
    const { route, why } = await chooseRoute({ mode, cluster, server, proxy, signal });
    log.info(route === 'direct' ? `API server: ${server}.` : `The nodes are read by run command: ${why}.`);
    return { route, credentials };
}
function commandRunner(arm, cluster, clusterToken, explain) {
    return async (command, options) => explaining(runCommand(arm, cluster, command, { ...options, clusterToken }), (error) => explain(error, `The command could not be run in the cluster ${cluster.name}`));
}
/**
 * Tokens for a kubeconfig of the user's own whose `exec` section starts kubelogin: the same identity as for
 * a cluster that is named in Azure, without a program and without a prompt.
 * @param exec the section as it stands in the kubeconfig.
 */
async function kubeloginTokens(exec, options, deps, signal) {
    const cloud = azureCloud(cloudOf(exec) ?? options.cloud, deps.environment);
    // The first token shows whether the identity works; it is for the server, as ARM may be of no concern here.
    const scope = scopeOf(serverIdOf(exec));
    const { clientId, tenantId, oidcAudience } = options;
    const identity = await signIn({
        clientId,
        tenantId,
        oidcAudience,
        sessionTenantId: tenantOf(exec),
        cloud: { ...cloud, armScope: scope },
    }, deps, signal);
    return identity.tokens(scope);
}
async function explaining(work, explain) {
    try {
        return await work;
    }
    catch (error) {
        throw explain(error);
    }
}
function describe(cluster) {
    const { name, location, kubernetesVersion, sku, dataplane, pools } = cluster;
    const parts = [
        `AKS cluster ${name}${location === undefined ? '' : ` in ${location}`}`,
        kubernetesVersion === undefined ? undefined : `Kubernetes ${kubernetesVersion}`,
        sku,
        dataplane === undefined ? undefined : `dataplane ${dataplane}`,
        cluster.private ? 'private' : undefined,
        `${pools.length} node pool${pools.length === 1 ? '' : 's'}`,
        cluster.provisioningState === 'Succeeded' ? undefined : cluster.provisioningState,
    ];
    return `${parts.filter(Boolean).join(', ')}.`;
}


/***/ }),

/***/ 63809:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Sf: () => (/* binding */ clusterPath),
/* harmony export */   ci: () => (/* binding */ addressOf),
/* harmony export */   ie: () => (/* binding */ readManagedCluster),
/* harmony export */   jq: () => (/* binding */ requireRunning),
/* harmony export */   s7: () => (/* binding */ clusterFacts)
/* harmony export */ });
/* unused harmony export parseManagedCluster */
/* harmony import */ var _errors_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(452);
/* harmony import */ var _arm_error_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(48202);


/** The first call of a run to ARM: long enough for one answer to wait as Retry-After asks. */
const READ_TIMEOUT_MS = 30_000;
function clusterPath({ subscriptionId, resourceGroup, name }) {
    const part = encodeURIComponent;
    return `/subscriptions/${part(subscriptionId)}/resourceGroups/${part(resourceGroup)}/providers/Microsoft.ContainerService/managedClusters/${part(name)}`;
}
/**
 * @throws ArmError; for a cluster that is not in its group, with the names of those that are.
 */
async function readManagedCluster(arm, cluster, signal) {
    try {
        const answer = await arm.request({
            method: 'GET',
            path: clusterPath(cluster),
            timeoutMs: READ_TIMEOUT_MS,
            signal,
        });
        return parseManagedCluster(cluster, answer.body);
    }
    catch (error) {
        if (!(error instanceof _arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .ArmError */ .dW) || error.code.toLowerCase() !== 'resourcenotfound')
            throw error;
        throw await withNeighbours(arm, cluster, error, signal);
    }
}
/** Helps with a name that is misspelt; the right to list is not needed for anything else. */
async function withNeighbours(arm, cluster, error, signal) {
    const path = clusterPath(cluster).replace(/\/[^/]+$/, '');
    const names = await arm
        .request({ method: 'GET', path, signal, timeoutMs: 5000 })
        .then(({ body }) => listOf((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(body)?.value).map((each) => (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(each)?.name) ?? ''))
        .catch(() => undefined);
    signal?.throwIfAborted();
    if (names === undefined)
        return error;
    const shown = names.filter(Boolean).slice(0, 10);
    const there = shown.length === 0 ? 'The group has no AKS cluster.' : `The group has: ${shown.join(', ')}.`;
    const { call, code, status, requestId } = error;
    return new _arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .ArmError */ .dW(`${error.message} ${there}`, { call, code, status, requestId, cause: error });
}
function parseManagedCluster(name, raw) {
    const cluster = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(raw);
    const properties = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(cluster?.properties);
    const network = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(properties?.networkProfile);
    const access = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(properties?.apiServerAccessProfile);
    const sku = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(cluster?.sku);
    const skuText = [(0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(sku?.name), (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(sku?.tier)].filter(Boolean).join('/');
    return {
        ...name,
        id: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(cluster?.id) ?? clusterPath(name),
        private: access?.enablePrivateCluster === true,
        authorizedIpRanges: listOf(access?.authorizedIPRanges).filter((each) => typeof each === 'string'),
        entra: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(properties?.aadProfile) !== undefined,
        localAccountsDisabled: properties?.disableLocalAccounts === true,
        runCommandDisabled: access?.disableRunCommand === true,
        pools: listOf(properties?.agentPoolProfiles)
            .map(poolFacts)
            .filter((each) => each !== undefined),
        raw,
        ...present({
            fqdn: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(properties?.privateFQDN) ?? (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(properties?.fqdn),
            location: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(cluster?.location),
            kubernetesVersion: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(properties?.currentKubernetesVersion) ?? (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(properties?.kubernetesVersion),
            sku: skuText || undefined,
            dataplane: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(network?.networkDataplane),
            powerState: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(properties?.powerState)?.code),
            provisioningState: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(properties?.provisioningState),
        }),
    };
}
/** A pool out of the cluster's `agentPoolProfiles`, where its fields are not below `properties`. */
function poolFacts(raw) {
    const pool = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(raw);
    const name = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(pool?.name);
    if (name === undefined)
        return undefined;
    const sysctls = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(pool?.linuxOSConfig)?.sysctls);
    return {
        name,
        ...present({
            vmSize: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(pool?.vmSize),
            mode: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(pool?.mode),
            osType: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(pool?.osType),
            count: typeof pool?.count === 'number' ? pool.count : undefined,
            powerState: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(pool?.powerState)?.code),
            provisioningState: (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(pool?.provisioningState),
            sysctls: sysctls === undefined ? undefined : plainValues(sysctls),
        }),
    };
}
function plainValues(values) {
    const plain = (each) => typeof each === 'number' || typeof each === 'boolean' || typeof each === 'string';
    return Object.fromEntries(Object.entries(values).filter((entry) => plain(entry[1])));
}
/**
 * @throws UserError for a cluster whose API server does not run: stopped, or on its way in or out.
 */
function requireRunning({ name, resourceGroup, powerState, provisioningState }) {
    const is = (state) => provisioningState?.toLowerCase() === state;
    const start = `az aks start -g ${resourceGroup} -n ${name}`;
    const complain = (what, next) => {
        throw new _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .UserError */ .yo(`The cluster ${name} ${what}, so its nodes cannot be read.`, {
            next,
            docs: 'azure.md#troubleshooting',
        });
    };
    if (is('creating'))
        complain('is being created', 'Run again when it is there.');
    if (is('deleting'))
        complain('is being deleted', 'Name another cluster.');
    if (is('stopping'))
        complain('is being stopped', `Start it again when it has stopped: ${start}`);
    if (is('starting'))
        complain('is being started', 'Run again in a few minutes.');
    if (powerState?.toLowerCase() === 'stopped')
        complain('is stopped', `Start it: ${start}`);
}
/** Address of the API server as ARM tells it; '' where it does not. */
function addressOf({ fqdn }) {
    return fqdn === undefined ? '' : `https://${fqdn}:443`;
}
/** What the report says about the cluster. */
function clusterFacts(cluster, server) {
    const { name, id, location, kubernetesVersion, sku, dataplane, pools } = cluster;
    return {
        server,
        name,
        id,
        private: cluster.private,
        pools,
        ...present({ location, kubernetesVersion, sku, dataplane }),
    };
}
function listOf(value) {
    return Array.isArray(value) ? value : [];
}
/** Without the keys that have no value, as exactOptionalPropertyTypes tells absent from undefined. */
function present(values) {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}


/***/ }),

/***/ 93002:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   D1: () => (/* binding */ waitUntilSettled),
/* harmony export */   Dn: () => (/* binding */ followOperation),
/* harmony export */   Is: () => (/* binding */ isSettled),
/* harmony export */   zI: () => (/* binding */ operationOf)
/* harmony export */ });
/* unused harmony export runOperation */
/* harmony import */ var node_timers_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(58500);
/* harmony import */ var _arm_error_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(48202);


/** Looks may fail for this long in a row: a network that comes and goes must not lose an operation. */
const PATIENCE_MS = 120_000;
/** A server that asks to come back at once does not get a storm. */
const SHORTEST_WAIT_MS = 50;
/** Provisioning states of a resource on which nothing works. */
function isSettled(state) {
    return state === undefined || /^(succeeded|failed|cancell?ed)$/i.test(state);
}
/** The operation that an answer speaks of; undefined when the work is already done and the body is its result. */
function operationOf(call, answer, now = Date.now) {
    const status = answer.header('azure-asyncoperation') ?? answer.header('operation-location');
    const location = answer.header('location');
    const base = {
        call: `${call.method} ${call.path}`,
        startedAt: now(),
        ...(call.apiVersion === undefined ? {} : { apiVersion: call.apiVersion }),
    };
    const changes = call.method === 'PUT' || call.method === 'PATCH';
    if (status !== undefined) {
        const result = changes ? call.path : call.method === 'POST' ? location : undefined;
        return { ...base, poll: 'status', url: status, ...(result === undefined ? {} : { result }) };
    }
    if (answer.status === 202 && location !== undefined)
        return { ...base, poll: 'location', url: location };
    if (changes && !isSettled(provisioningState(answer.body)))
        return { ...base, poll: 'resource', url: call.path };
    return undefined;
}
/** Sends a call and follows what it starts to its end. Resolves with the result's body. */
async function runOperation(arm, call, options) {
    const answer = await arm.request({ ...call, signal: options.signal });
    const operation = operationOf(call, answer, options.now);
    return operation === undefined ? answer.body : followOperation(arm, operation, options);
}
/**
 * Follows an operation to its end. Resolves with the body of its result, undefined when it has none.
 * @throws ArmError with ARM's code when the operation failed or was cancelled, `OperationTimeout` when it
 * takes longer than it may.
 */
async function followOperation(arm, operation, options) {
    const { signal, now = Date.now, sleep = pause, intervalMs = 5000, timeoutMs } = options;
    let failingSince;
    for (;;) {
        signal?.throwIfAborted();
        let wait = intervalMs;
        try {
            const answer = await arm.request({
                method: 'GET',
                path: operation.url,
                signal,
                ...(operation.apiVersion === undefined ? {} : { apiVersion: operation.apiVersion }),
            });
            failingSince = undefined;
            const look = lookAt(operation, answer);
            if (look.done)
                return await resultOf(arm, operation, answer, signal);
            options.onProgress?.({ ...look.progress, elapsedMs: now() - operation.startedAt });
            wait = retryAfter(answer, now) ?? intervalMs;
        }
        catch (error) {
            if (!isPassing(error))
                throw error;
            failingSince ??= now();
            if (now() - failingSince >= PATIENCE_MS)
                throw error;
        }
        if (now() + wait - operation.startedAt > timeoutMs)
            throw tooLong(operation, timeoutMs);
        await sleep(Math.max(wait, SHORTEST_WAIT_MS), signal);
    }
}
/**
 * Waits until nothing works on a resource any more, whoever started it, and resolves with it. Does not
 * throw when it ended badly: look at its provisioning state.
 */
async function waitUntilSettled(arm, path, options) {
    const { signal, now = Date.now, sleep = pause, intervalMs = 5000, timeoutMs } = options;
    const startedAt = now();
    let failingSince;
    for (;;) {
        signal?.throwIfAborted();
        let wait = intervalMs;
        try {
            const answer = await arm.request({ method: 'GET', path, signal });
            failingSince = undefined;
            const state = provisioningState(answer.body);
            if (isSettled(state))
                return answer;
            options.onProgress?.({ state: state ?? '', elapsedMs: now() - startedAt });
            wait = retryAfter(answer, now) ?? intervalMs;
        }
        catch (error) {
            if (!isPassing(error))
                throw error;
            failingSince ??= now();
            if (now() - failingSince >= PATIENCE_MS)
                throw error;
        }
        if (now() + wait - startedAt > timeoutMs)
            throw tooLong({ call: `GET ${path}` }, timeoutMs);
        await sleep(Math.max(wait, SHORTEST_WAIT_MS), signal);
    }
}
function lookAt(operation, answer) {
    const body = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(answer.body);
    const state = {
        status: () => (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)(body?.status),
        resource: () => provisioningState(answer.body),
        location: () => undefined,
    }[operation.poll]();
    if (state === undefined) {
        return answer.status === 202 ? { done: false, progress: { state: 'InProgress' } } : { done: true };
    }
    if (/^succeeded$/i.test(state))
        return { done: true };
    if (isSettled(state))
        throw ended(operation, state, answer);
    const percent = body?.percentComplete;
    return { done: false, progress: { state, ...(typeof percent === 'number' ? { percent } : {}) } };
}
async function resultOf(arm, operation, answer, signal) {
    if (operation.poll !== 'status')
        return answer.body;
    if (operation.result === undefined)
        return undefined;
    const { apiVersion } = operation;
    const result = await arm.request({
        method: 'GET',
        path: operation.result,
        signal,
        ...(apiVersion === undefined ? {} : { apiVersion }),
    });
    return result.body;
}
function ended(operation, state, answer) {
    const properties = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(answer.body)?.properties);
    const error = (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .errorOf */ .Mz)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(answer.body)?.error)) ??
        (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .errorOf */ .Mz)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(properties?.status)?.provisioningError));
    return new _arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .ArmError */ .dW(error?.message ?? `the operation ended as ${state}`, {
        call: operation.call,
        code: error?.code ?? (/^cancel/i.test(state) ? 'OperationCanceled' : 'OperationFailed'),
        status: answer.status,
        requestId: answer.header('x-ms-request-id'),
    });
}
function tooLong(operation, timeoutMs) {
    const minutes = Math.round(timeoutMs / 6000) / 10;
    return new _arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .ArmError */ .dW(`the operation is still running after ${minutes} minutes`, {
        call: operation.call,
        code: 'OperationTimeout',
    });
}
/** No answer, too many requests, or a server that is not well: worth another look. */
function isPassing(error) {
    if (!(error instanceof _arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .ArmError */ .dW))
        return false;
    if (error.status === undefined)
        return error.code !== 'ForeignHost' && error.code !== 'OperationTimeout';
    return error.status === 408 || error.status === 429 || error.status >= 500;
}
function provisioningState(body) {
    return (0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .text */ .Qq)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)((0,_arm_error_js__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1)(body)?.properties)?.provisioningState);
}
function retryAfter(answer, now) {
    const header = answer.header('retry-after');
    if (header === undefined)
        return undefined;
    const seconds = Number(header);
    if (Number.isFinite(seconds) && seconds >= 0)
        return seconds * 1000;
    const date = Date.parse(header);
    return Number.isNaN(date) ? undefined : Math.max(0, date - now());
}
async function pause(ms, signal) {
    try {
        await (0,node_timers_promises__WEBPACK_IMPORTED_MODULE_0__.setTimeout)(ms, undefined, signal === undefined ? {} : { signal });
    }
    catch (error) {
        signal?.throwIfAborted();
        throw error;
    }
}


/***/ })

};
