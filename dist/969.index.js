export const id = 969;
export const ids = [969];
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


/***/ }),

/***/ 83969:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  isPoolStep: () => (/* binding */ isPoolStep),
  nodePool: () => (/* binding */ nodePool),
  poolRestorer: () => (/* binding */ poolRestorer)
});

// EXTERNAL MODULE: ./lib/remedy/record.js
var record = __webpack_require__(24727);
// EXTERNAL MODULE: ./node_modules/js-yaml/dist/js-yaml.mjs
var js_yaml = __webpack_require__(33243);
// EXTERNAL MODULE: ./lib/errors.js
var errors = __webpack_require__(452);
;// CONCATENATED MODULE: ./lib/remedy/node-pool/os-settings.js
/** A size is only ever raised, and clamped to what AKS takes; any other number is taken as asked or refused. */
const size = (sysctl, least, most) => ({
    kind: 'number',
    least,
    most,
    size: true,
    sysctl,
});
const number = (sysctl, least, most) => ({
    kind: 'number',
    least,
    most,
    size: false,
    sysctl,
});
const CONNTRACK_MAX = 'netNetfilterNfConntrackMax';
const CONNTRACK_BUCKETS = 'netNetfilterNfConntrackBuckets';
const TW_REUSE_FIELD = 'netIpv4TcpTwReuse';
const TW_BUCKETS = 'netIpv4TcpMaxTwBuckets';
/** Of `kubeletConfig`, not of `linuxOSConfig`. */
const UNSAFE_SYSCTLS = 'allowedUnsafeSysctls';
/** By the names of the API, whose spelling has its own ways (`netIpv4TcpkeepaliveIntvl`). */
const OS_SETTINGS = {
    [CONNTRACK_MAX]: size('net.netfilter.nf_conntrack_max', 131_072, 2_097_152),
    [CONNTRACK_BUCKETS]: size('net.netfilter.nf_conntrack_buckets', 65_536, 524_288),
    [TW_REUSE_FIELD]: { kind: 'boolean', sysctl: 'net.ipv4.tcp_tw_reuse' },
    [TW_BUCKETS]: size('net.ipv4.tcp_max_tw_buckets', 8000, 1_440_000),
    netIpv4IpLocalPortRange: { kind: 'range', sysctl: 'net.ipv4.ip_local_port_range' },
    netIpv4TcpFinTimeout: number('net.ipv4.tcp_fin_timeout', 5, 120),
    netIpv4TcpKeepaliveTime: number('net.ipv4.tcp_keepalive_time', 30, 432_000),
    netIpv4TcpKeepaliveProbes: number('net.ipv4.tcp_keepalive_probes', 1, 15),
    netIpv4TcpkeepaliveIntvl: number('net.ipv4.tcp_keepalive_intvl', 10, 90),
    netIpv4TcpMaxSynBacklog: size('net.ipv4.tcp_max_syn_backlog', 128, 3_240_000),
    netIpv4NeighDefaultGcThresh1: size('net.ipv4.neigh.default.gc_thresh1', 128, 80_000),
    netIpv4NeighDefaultGcThresh2: size('net.ipv4.neigh.default.gc_thresh2', 512, 90_000),
    netIpv4NeighDefaultGcThresh3: size('net.ipv4.neigh.default.gc_thresh3', 1024, 100_000),
    netCoreSomaxconn: size('net.core.somaxconn', 4096, 3_240_000),
    netCoreNetdevMaxBacklog: size('net.core.netdev_max_backlog', 1000, 3_240_000),
    netCoreRmemDefault: size('net.core.rmem_default', 212_992, 134_217_728),
    netCoreRmemMax: size('net.core.rmem_max', 212_992, 134_217_728),
    netCoreWmemDefault: size('net.core.wmem_default', 212_992, 134_217_728),
    netCoreWmemMax: size('net.core.wmem_max', 212_992, 134_217_728),
    netCoreOptmemMax: size('net.core.optmem_max', 20_480, 4_194_304),
    fsFileMax: size('fs.file-max', 8192, Number.MAX_SAFE_INTEGER),
    fsInotifyMaxUserWatches: size('fs.inotify.max_user_watches', 781_250, 2_097_152),
    fsAioMaxNr: size('fs.aio-max-nr', 65_536, 6_553_500),
    fsNrOpen: size('fs.nr_open', 8192, 20_000_500),
    kernelThreadsMax: size('kernel.threads-max', 20, 2_147_483_647),
    vmMaxMapCount: size('vm.max_map_count', 65_530, 2_147_483_647),
    vmSwappiness: number('vm.swappiness', 0, 100),
    vmVfsCachePressure: number('vm.vfs_cache_pressure', 1, 100),
};
/** First and last port of `netIpv4IpLocalPortRange`. */
const PORT_LIMITS = { first: [1024, 60_999], last: [32_768, 65_535] };
/** A value as text, for steps and reports; null for one that is not set. */
function os_settings_written(value) {
    if (value === undefined || value === null)
        return null;
    return Array.isArray(value)
        ? value.map(String).sort().join(' ')
        : typeof value === 'object'
            ? JSON.stringify(value)
            : String(value);
}
/** The value that a text of a step stands for; undefined when it is none that the setting can have. */
function parsedValue(setting, text) {
    if (setting === UNSAFE_SYSCTLS)
        return text === '' ? [] : text.split(' ');
    switch (OS_SETTINGS[setting]?.kind) {
        case 'number':
            return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
        case 'boolean':
            return text === 'true' ? true : text === 'false' ? false : undefined;
        case 'range':
            return portRange(text) === undefined ? undefined : text;
        case undefined:
            return undefined;
    }
}
/** Two ports in one string, as the API wants them; undefined for anything else. */
function portRange(text) {
    const [, first, last] = /^(\d{4,5}) (\d{5})$/.exec(text) ?? [];
    if (first === undefined || last === undefined)
        return undefined;
    const range = { first: Number(first), last: Number(last) };
    const inside = (value, [least, most]) => value >= least && value <= most;
    return inside(range.first, PORT_LIMITS.first) &&
        inside(range.last, PORT_LIMITS.last) &&
        range.first < range.last
        ? range
        : undefined;
}
/** Whether `present` is at least as much as `wanted`: sizes may be larger, lists may hold more. */
function covers(setting, present, wanted) {
    if (Array.isArray(wanted)) {
        return Array.isArray(present) && wanted.every((each) => present.includes(each));
    }
    const known = OS_SETTINGS[setting];
    if (known?.kind === 'number' && known.size && typeof present === 'number')
        return present >= Number(wanted);
    if (known?.kind === 'range' && typeof present === 'string') {
        return present.trim().split(/\s+/).join(' ') === wanted;
    }
    return present === wanted;
}
/** What both ask for at once: the larger size, the union of lists, else the wanted one. */
function joined(setting, present, wanted) {
    if (covers(setting, present, wanted))
        return present;
    if (Array.isArray(wanted) && Array.isArray(present)) {
        return [...new Set([...present.map(String), ...wanted])];
    }
    return wanted;
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/linux-os-sysctls.js



/** Settings that have an input of their own. */
const OWN_INPUT = {
    [CONNTRACK_MAX]: 'conntrack-max',
    [TW_REUSE_FIELD]: 'tw-reuse',
    [TW_BUCKETS]: 'max-tw-buckets',
};
const MOST_CHARACTERS = 10_000;
/**
 * Reads the input `linux-os-sysctls`: a map of YAML or JSON by the names of the API. Sizes above what AKS takes
 * are clamped with a notice; anything else out of range is an error, as another value would mean something else.
 * @throws UserError with every problem.
 */
function readLinuxOsSysctls(text) {
    const extra = { values: {}, notices: [] };
    if (text.trim() === '')
        return extra;
    const problems = [];
    for (const [name, value] of Object.entries(parse(text))) {
        const setting = Object.hasOwn(OS_SETTINGS, name) ? OS_SETTINGS[name] : undefined;
        const input = OWN_INPUT[name];
        if (setting === undefined)
            problems.push(`${name} is no sysctl that AKS takes${nearest(name)}`);
        else if (input !== undefined)
            problems.push(`${name} has an input of its own: ${input}`);
        else
            readValue(name, setting, value, extra, problems);
    }
    if (problems.length > 0)
        throw refused(problems.join('; '));
    return extra;
}
function parse(text) {
    if (text.length > MOST_CHARACTERS)
        throw refused(`it is longer than ${MOST_CHARACTERS} characters`);
    let value;
    try {
        value = (0,js_yaml/* load */.Hh)(text);
    }
    catch (error) {
        throw refused(`it is neither YAML nor JSON: ${(0,errors/* messageOf */.bD)(error).split('\n')[0] ?? ''}`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw refused('it is no map of names and values');
    }
    return value;
}
function readValue(name, setting, value, extra, problems) {
    if (setting.kind === 'range') {
        const text = typeof value === 'string' ? value.trim().split(/\s+/).join(' ') : '';
        if (portRange(text))
            extra.values[name] = text;
        else {
            const { first, last } = PORT_LIMITS;
            problems.push(`${name} takes two ports in one string, the first ${first.join(' to ')}, the last ${last.join(' to ')}, e.g. "16384 60999"`);
        }
        return;
    }
    if (setting.kind === 'boolean') {
        if (value === true)
            extra.values[name] = true;
        else
            problems.push(`${name} takes true only`);
        return;
    }
    const range = `${setting.least} to ${setting.most}`;
    if (typeof value !== 'number' || !Number.isInteger(value))
        problems.push(`${name} takes a number, ${range}`);
    else if (value < setting.least || (value > setting.most && !setting.size)) {
        problems.push(`${name}: AKS takes ${range}, not ${value}`);
    }
    else {
        extra.values[name] = Math.min(value, setting.most);
        if (value > setting.most)
            extra.notices.push(clamped(name, value, setting));
    }
}
/** The notice for a size that AKS does not take as large as it was asked for. */
function clamped(name, asked, { least, most }) {
    return `${name}: clamped from ${asked} to ${most}, as AKS takes ${least} to ${most}`;
}
/** `; did you mean netCoreSomaxconn?` for a name that differs only in case and signs, or the name in /proc. */
function nearest(name) {
    const plain = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
    const found = Object.keys(OS_SETTINGS).find((known) => plain(known) === plain(name));
    return found === undefined ? '' : `; did you mean ${found}?`;
}
function refused(why) {
    return new errors/* UserError */.yo(`linux-os-sysctls: ${why}.`, {
        next: `Give a map such as "netIpv4IpLocalPortRange: 16384 60999". AKS takes: ${Object.keys(OS_SETTINGS)
            .filter((name) => OWN_INPUT[name] === undefined && name !== CONNTRACK_BUCKETS)
            .join(', ')}.`,
    });
}
/** Patterns of sysctls that AKS lets a kubelet allow. */
const UNSAFE_PATTERN = /^(?:kernel\.(?:shm|msg)[\w*.-]*|kernel\.sem|fs\.mqueue\.[\w*.-]+|net\.[\w*./-]+)$/;
function isUnsafeSysctl(name) {
    return UNSAFE_PATTERN.test(name);
}
/** Checks the input `kubelet-allowed-unsafe-sysctls`. @throws UserError with every problem. */
function readUnsafeSysctls(names) {
    const bad = names.filter((name) => !isUnsafeSysctl(name));
    if (bad.length > 0) {
        throw new errors/* UserError */.yo(`kubelet-allowed-unsafe-sysctls: AKS does not let pods set ${bad.join(', ')}.`, {
            next: 'Allowed are kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.* and net.*.',
        });
    }
    return [...new Set(names)].sort();
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/options.js

/** @throws UserError for inputs that AKS would not take. */
function kitOf(options) {
    const { values, notices } = readLinuxOsSysctls(options.linuxOsSysctls);
    const unsafeSysctls = readUnsafeSysctls(options.allowedUnsafeSysctls);
    const { linuxOsSysctls: _text, allowedUnsafeSysctls: _names, ...rest } = options;
    return {
        now: Date.now,
        ...rest,
        wanted: { ...options.wanted, extra: values, unsafeSysctls },
        notices,
    };
}
/** Between two looks at nodes or pods. */
const POLL_MS = 5_000;
/** How long nodes of a pool may take to become ready once ARM says that the pool is there. */
const READY_MS = 15 * 60_000;
/** An operation on a large pool takes hours; the run's own deadline is what ends it. */
const OPERATION_MS = 12 * 3_600_000;
/** How operations in Azure are followed. `look` runs before each wait, for lines of progress. */
function followOptions(kit, context, look) {
    let progress = { state: 'InProgress', elapsedMs: 0 };
    return {
        signal: context.signal,
        timeoutMs: OPERATION_MS,
        now: kit.now,
        onProgress: (seen) => {
            progress = seen;
        },
        sleep: async (ms) => {
            await look(progress.state, progress.elapsedMs);
            await context.sleep(ms);
        },
    };
}

// EXTERNAL MODULE: ./lib/azure/arm-error.js
var arm_error = __webpack_require__(48202);
// EXTERNAL MODULE: ./lib/azure/managed-cluster.js
var managed_cluster = __webpack_require__(63809);
// EXTERNAL MODULE: ./lib/azure/operation.js
var azure_operation = __webpack_require__(93002);
;// CONCATENATED MODULE: ./lib/azure/agent-pools.js



/**
 * Properties that are not sent back: read-only ones, and `nodeImageVersion`, whose presence asks AKS to roll the
 * pool back to that image (API 2026-06-01). `powerState` is an order as well: echoing `Stopped` stops the pool.
 */
const NOT_SENT = [
    'eTag',
    'provisioningState',
    'currentOrchestratorVersion',
    'nodeImageVersion',
    'status',
    'virtualMachineNodesStatus',
    'powerState',
];
const MOST_PAGES = 100;
function agentPoolPath(cluster, name) {
    return `${(0,managed_cluster/* clusterPath */.Sf)(cluster)}/agentPools/${encodeURIComponent(name)}`;
}
/** All pools of a cluster, in ARM's order. @throws ArmError */
async function listAgentPools(arm, cluster, signal) {
    const pools = [];
    let path = `${(0,managed_cluster/* clusterPath */.Sf)(cluster)}/agentPools`;
    for (let page = 0; path !== undefined && page < MOST_PAGES; page++) {
        const { body } = await arm.request({ method: 'GET', path, signal });
        const { value, nextLink } = (0,arm_error/* record */.g1)(body) ?? {};
        if (!Array.isArray(value)) {
            throw new arm_error/* ArmError */.dW('the list of node pools has no value', {
                call: `GET ${path}`,
                code: 'InvalidAnswer',
            });
        }
        for (const each of value)
            pools.push(parsePool(cluster, each, undefined));
        path = (0,arm_error/* text */.Qq)(nextLink);
    }
    return pools;
}
/** One pool; undefined when there is none of that name. @throws ArmError */
async function readAgentPool(arm, cluster, name, options = {}) {
    try {
        const { signal, apiVersion } = options;
        const path = agentPoolPath(cluster, name);
        const call = { method: 'GET', path, signal, ...(apiVersion !== undefined && { apiVersion }) };
        const { body, etag } = await arm.request(call);
        return parsePool(cluster, body, etag);
    }
    catch (error) {
        if (error instanceof arm_error/* ArmError */.dW && error.status === 404)
            return undefined;
        throw error;
    }
}
function parsePool(cluster, raw, etag) {
    const pool = (0,arm_error/* record */.g1)(raw);
    const name = (0,arm_error/* text */.Qq)(pool?.name);
    const properties = (0,arm_error/* record */.g1)(pool?.properties);
    if (name === undefined || properties === undefined) {
        const call = `GET ${(0,managed_cluster/* clusterPath */.Sf)(cluster)}/agentPools`;
        throw new arm_error/* ArmError */.dW('a node pool without name or properties', { call, code: 'InvalidAnswer' });
    }
    return {
        name,
        path: agentPoolPath(cluster, name),
        // The API has it among the properties.
        etag: etag ?? (0,arm_error/* text */.Qq)(properties.eTag),
        state: (0,arm_error/* text */.Qq)(properties.provisioningState),
        properties,
    };
}
/** The properties of a pool as they can be sent back, with what this code does not know. */
function sendable(properties) {
    const kept = Object.entries(properties).filter(([name]) => !NOT_SENT.includes(name));
    const copy = structuredClone(Object.fromEntries(kept));
    const localDns = (0,arm_error/* record */.g1)(copy.localDNSProfile);
    if (localDns !== undefined)
        delete localDns.state;
    return copy;
}
/**
 * Makes or changes a pool and follows that to its end.
 * @param accepted called when ARM has taken the order, before it is followed.
 * @throws ArmError when ARM refuses, and when the operation fails.
 */
async function writeAgentPool(arm, pool, body, condition, follow, accepted = () => { }) {
    await carryOut(arm, { method: 'PUT', path: pool.path, body, ...condition }, follow, accepted);
}
/** Deletes a pool with its nodes and follows that to its end. AKS drains its nodes within disruption budgets. */
async function deleteAgentPool(arm, pool, follow, accepted = () => { }) {
    const condition = pool.etag === undefined ? {} : { ifMatch: pool.etag };
    await carryOut(arm, { method: 'DELETE', path: pool.path, ...condition }, follow, accepted);
}
async function carryOut(arm, call, follow, accepted) {
    const answer = await arm.request({ ...call, signal: follow.signal });
    accepted();
    const operation = (0,azure_operation/* operationOf */.zI)(call, answer, follow.now);
    if (operation !== undefined)
        await (0,azure_operation/* followOperation */.Dn)(arm, operation, follow);
}
/** AKS does not change this configuration on a pool that exists: only a new pool can have another one. */
function isOsConfigRefusal(error) {
    return (error instanceof arm_error/* ArmError */.dW &&
        /CustomKubeletConfigOrCustomLinuxOSConfigCanNotBeChanged|CustomLinuxOSConfig can ?not be changed/i.test(`${error.code} ${error.message}`));
}
/** Another operation runs on the pool or the cluster. A quota that is used up has the same code and is not meant. */
function isBusy(error) {
    return (error instanceof arm_error/* ArmError */.dW &&
        error.status === 409 &&
        /another operation|in progress|pending-operation|preempted/i.test(error.message));
}
/** The resource is no longer, or not yet, what the call was made for. */
function isStale(error) {
    return error instanceof arm_error/* ArmError */.dW && error.status === 412;
}

// EXTERNAL MODULE: ./lib/remedy/rights.js
var rights = __webpack_require__(77561);
// EXTERNAL MODULE: ./lib/remedy/sysctl-targets.js
var sysctl_targets = __webpack_require__(11503);
// EXTERNAL MODULE: ./lib/cluster/kube-api.js
var kube_api = __webpack_require__(20884);
;// CONCATENATED MODULE: ./lib/remedy/node-pool/shell.js

/** A word for a shell. What Azure says is not trusted, so anything unusual is quoted. */
function quote(word) {
    return /^[\w.:/@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
/** Ends a script at the first command that fails: a pool must not be deleted after a drain that did not end. */
const STRICT = 'set -euo pipefail';
/** kubectl is to mean this cluster, and no other that it is set to. A line each, as `&&` would hide a failure. */
function guard({ resourceGroup, name }) {
    return [
        `az aks get-credentials -g ${quote(resourceGroup)} -n ${quote(name)} --overwrite-existing --file ./kubeconfig`,
        'export KUBECONFIG=./kubeconfig',
    ];
}
/**
 * The script that replaces a pool by hand: `nodepool add` takes the configuration from a file, which `nodepool
 * update` cannot. It stops at the first failure, and before the deletion when anything is left on the old nodes.
 * The parentheses make it one command of the shell that it is pasted into: what follows a failure is not read.
 */
function replaceScript(cluster, pool, successor, body, drainMinutes) {
    const where = `-g ${quote(cluster.resourceGroup)} --cluster-name ${quote(cluster.name)}`;
    const old = quote(`kubernetes.azure.com/agentpool=${pool.name}`);
    const young = quote(`kubernetes.azure.com/agentpool=${successor}`);
    const { properties } = body;
    const files = [
        ['linux-os-config.json', '--linux-os-config', (0,arm_error/* record */.g1)(properties.linuxOSConfig)],
        ['kubelet-config.json', '--kubelet-config', (0,arm_error/* record */.g1)(properties.kubeletConfig)],
    ];
    const given = files.filter(([, , value]) => value !== undefined && Object.keys(value).length > 0);
    return [
        '(',
        STRICT,
        ...given.flatMap(([file, , value]) => [`cat > ${file} <<'JSON'`, ...jsonLines(value), 'JSON']),
        ...wrapped(`az aks nodepool add ${where} --name ${quote(successor)}`, [
            ...shapeOptions(properties),
            ...given.map(([file, option]) => `${option} ${file}`),
        ]),
        ...guard(cluster),
        `kubectl wait node -l ${young} --for=condition=Ready --timeout=15m`,
        `kubectl cordon -l ${old}`,
        `kubectl drain -l ${old} --ignore-daemonsets --delete-emptydir-data --timeout=${drainMinutes}m`,
        // Ends the script while a pod waits for a place, and when that cannot be seen.
        'pending="$(kubectl get pods -A --field-selector=status.phase=Pending -o name)"',
        'test -z "$pending"',
        `az aks nodepool delete ${where} --name ${quote(pool.name)}`,
        ')',
    ];
}
/** Properties that options of the script give a pool, or that every pool of its kind has. */
const GIVEN = new Set([
    ...['mode', 'vmSize', 'count', 'enableAutoScaling', 'minCount', 'maxCount', 'osSKU', 'orchestratorVersion'],
    ...['osDiskSizeGB', 'osDiskType', 'maxPods', 'vnetSubnetID', 'podSubnetID', 'upgradeSettings.maxSurge'],
    ...['scaleSetPriority', 'scaleSetEvictionPolicy', 'proximityPlacementGroupID', 'availabilityZones'],
    ...['nodeTaints', 'nodeLabels', 'tags', 'enableEncryptionAtHost', 'enableUltraSSD', 'enableFIPS'],
    ...['enableNodePublicIP', 'linuxOSConfig', 'kubeletConfig', 'osType', 'type'],
]);
/** What a pool has where nobody asked for anything. */
const USUAL = {
    kubeletDiskType: 'OS',
    scaleDownMode: 'Delete',
    workloadRuntime: 'OCIContainer',
    podIPAllocationMode: 'DynamicIndividual',
    spotMaxPrice: -1,
};
/** Names of the properties that a pool made by the script would not have. */
function notGiven(properties, path = '') {
    return Object.entries(properties).flatMap(([key, value]) => {
        const name = `${path}${key}`;
        if (GIVEN.has(name) || USUAL[name] === value || [undefined, null, false, ''].includes(value))
            return [];
        if (Array.isArray(value))
            return value.length === 0 ? [] : [name];
        const inner = (0,arm_error/* record */.g1)(value);
        return inner === undefined ? [name] : notGiven(inner, `${name}.`);
    });
}
/** JSON in lines, as reports cut lines that are very long. */
function jsonLines(value) {
    return JSON.stringify(value, undefined, 2).split('\n');
}
/** A command with one option on each further line. */
function wrapped(command, options) {
    return [command, ...options.map((option) => `  ${option}`)].map((line, index, all) => index < all.length - 1 ? `${line} \\` : line);
}
/** Options of `az aks nodepool add` that give a pool the shape of another. */
function shapeOptions(properties) {
    const options = [];
    const word = (option, value) => {
        if (typeof value === 'number' || (typeof value === 'string' && value !== '')) {
            options.push(`${option} ${quote(String(value))}`);
        }
    };
    const flag = (option, value) => {
        if (value === true)
            options.push(option);
    };
    const listed = (option, value) => {
        const items = Array.isArray(value) ? value.flatMap((each) => (0,arm_error/* text */.Qq)(each) ?? []) : [];
        if (items.length > 0)
            options.push(`${option} ${items.map(quote).join(' ')}`);
    };
    const pairs = (option, value) => listed(option, Object.entries((0,arm_error/* record */.g1)(value) ?? {}).map(([key, each]) => `${key}=${String(each)}`));
    word('--mode', properties.mode);
    word('--node-vm-size', properties.vmSize);
    word('--node-count', properties.count);
    if (properties.enableAutoScaling === true) {
        options.push('--enable-cluster-autoscaler');
        word('--min-count', properties.minCount);
        word('--max-count', properties.maxCount);
    }
    word('--os-sku', properties.osSKU);
    word('--kubernetes-version', properties.orchestratorVersion);
    word('--node-osdisk-size', properties.osDiskSizeGB);
    word('--node-osdisk-type', properties.osDiskType);
    word('--max-pods', properties.maxPods);
    word('--vnet-subnet-id', properties.vnetSubnetID);
    word('--pod-subnet-id', properties.podSubnetID);
    word('--max-surge', (0,arm_error/* record */.g1)(properties.upgradeSettings)?.maxSurge);
    word('--priority', properties.scaleSetPriority === 'Spot' ? 'Spot' : undefined);
    word('--eviction-policy', properties.scaleSetEvictionPolicy);
    word('--ppg', properties.proximityPlacementGroupID);
    listed('--zones', properties.availabilityZones);
    listed('--node-taints', Array.isArray(properties.nodeTaints) ? [properties.nodeTaints.join(',')] : []);
    pairs('--labels', properties.nodeLabels);
    pairs('--tags', properties.tags);
    flag('--enable-encryption-at-host', properties.enableEncryptionAtHost);
    flag('--enable-ultra-ssd', properties.enableUltraSSD);
    flag('--enable-fips-image', properties.enableFIPS);
    flag('--enable-node-public-ip', properties.enableNodePublicIP);
    return options;
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/node-class.js




/** Whether nodes come from node auto-provisioning (Karpenter) instead of node pools. */
function hasAutoProvisioning({ raw, sku }) {
    const profile = (0,arm_error/* record */.g1)((0,arm_error/* record */.g1)((0,arm_error/* record */.g1)(raw)?.properties)?.nodeProvisioningProfile);
    return (0,arm_error/* text */.Qq)(profile?.mode) === 'Auto' || sku?.startsWith('Automatic') === true;
}
/** Names of the pools of nodes that are no node pools in Azure. */
function foreignPools(nodes, pools) {
    const known = new Set(pools);
    return [...new Set(nodes.map(({ node }) => node.pool))].filter((name) => name !== '' && !known.has(name));
}
/** The resource spells the names in another way than Azure does, and nests them the same way. */
const KEYS = {
    [CONNTRACK_MAX]: 'netNetfilterNfConntrackMax',
    [CONNTRACK_BUCKETS]: 'netNetfilterNfConntrackBuckets',
    [TW_REUSE_FIELD]: 'netIPv4TCPTwReuse',
    [TW_BUCKETS]: 'netIPv4TCPMaxTwBuckets',
    netIpv4IpLocalPortRange: 'netIPv4IPLocalPortRange',
    netIpv4TcpFinTimeout: 'netIPv4TCPFinTimeout',
    netIpv4TcpKeepaliveTime: 'netIPv4TCPKeepaliveTime',
    netIpv4TcpKeepaliveProbes: 'netIPv4TCPKeepaliveProbes',
    netIpv4TcpkeepaliveIntvl: 'netIPv4TCPkeepaliveIntvl',
    netIpv4TcpMaxSynBacklog: 'netIPv4TCPMaxSynBacklog',
};
/** The patch of the AKSNodeClass that gives all its nodes the settings, and what it does. */
function nodeClassNote(pool, nodeClass, steps) {
    const values = steps.flatMap(({ setting, to, intent }) => {
        const value = intent === 'change' && to !== null ? parsedValue(setting, to) : undefined;
        return value === undefined || setting === UNSAFE_SYSCTLS ? [] : [[KEYS[setting] ?? setting, value]];
    });
    const patch = {
        spec: { linuxOSConfig: { sysctls: Object.fromEntries(values) } },
    };
    const named = nodeClass ?? 'default';
    const guess = nodeClass === undefined ? ' (its AKSNodeClass could not be read; look it up first)' : '';
    return [
        `Nodes of ${pool} come from node auto-provisioning, whose settings are in an AKSNodeClass${guess}. Its change counts as drift: all its nodes are replaced, one after the other within their budgets:`,
        `kubectl patch aksnodeclasses.karpenter.azure.com ${quote(named)} --type merge -p ${quote(jsonLines(patch).join('\n'))}`,
    ].join('\n');
}
/** Which AKSNodeClass a NodePool of Karpenter uses; undefined when it cannot be read. */
async function nodeClassOf(api, pool, signal) {
    try {
        const path = `/apis/karpenter.sh/v1/nodepools/${encodeURIComponent(pool)}`;
        const found = await api.request({ method: 'GET', path, signal });
        const spec = (0,arm_error/* record */.g1)((0,arm_error/* record */.g1)((0,arm_error/* record */.g1)((0,arm_error/* record */.g1)(found)?.spec)?.template)?.spec);
        const reference = (0,arm_error/* record */.g1)(spec?.nodeClassRef);
        return (0,arm_error/* text */.Qq)(reference?.kind) === 'AKSNodeClass' ? (0,arm_error/* text */.Qq)(reference?.name) : undefined;
    }
    catch (error) {
        if (error instanceof kube_api/* KubeError */.a)
            return undefined;
        throw error;
    }
}

// EXTERNAL MODULE: ./lib/remedy/words.js
var words = __webpack_require__(71489);
// EXTERNAL MODULE: ./lib/node/reading.js
var node_reading = __webpack_require__(32084);
;// CONCATENATED MODULE: ./lib/remedy/node-pool/wanted.js





/** The present configuration of a pool: `linuxOSConfig.sysctls`, and the unsafe sysctls of its kubelet. */
function presentSetting(properties, setting) {
    if (setting === UNSAFE_SYSCTLS)
        return (0,arm_error/* record */.g1)(properties.kubeletConfig)?.[UNSAFE_SYSCTLS];
    return (0,arm_error/* record */.g1)((0,arm_error/* record */.g1)(properties.linuxOSConfig)?.sysctls)?.[setting];
}
/** What shall become of each setting of a pool. `from` is what its configuration says; null: nothing. */
function settingSteps(pool, needs, wanted) {
    const steps = [];
    const add = (setting, { to, intent, why }) => steps.push({
        remedy: 'node-pool',
        target: { kind: 'node-pool', name: pool.name },
        setting,
        from: os_settings_written(presentSetting(pool.properties, setting)),
        to,
        intent,
        ...(why && { why }),
    });
    const extra = { ...wanted.extra };
    if (needs.has('conntrack')) {
        const max = conntrackMax(pool, wanted.conntrackMax);
        const asked = Number(extra[CONNTRACK_BUCKETS] ?? 0);
        delete extra[CONNTRACK_BUCKETS];
        add(CONNTRACK_BUCKETS, buckets(pool, Number(max.to), asked));
        add(CONNTRACK_MAX, max);
    }
    if (needs.has('time-wait')) {
        add(TW_REUSE_FIELD, twReuse(pool, wanted.twReuse));
        add(TW_BUCKETS, sizeStep(pool, TW_BUCKETS, wanted.maxTwBuckets, []));
    }
    for (const [setting, value] of Object.entries(extra))
        add(setting, asAsked(pool, setting, value));
    if (wanted.unsafeSysctls.length > 0)
        add(UNSAFE_SYSCTLS, asAsked(pool, UNSAFE_SYSCTLS, wanted.unsafeSysctls));
    return steps;
}
function conntrackMax(pool, asked) {
    const cores = Math.max(0, ...pool.nodes.map(({ node }) => node.cores ?? 0));
    const floor = Math.max(asked, sysctl_targets/* MAX_PER_CORE */.l6 * cores);
    const remarks = floor > asked ? [`raised from ${asked} to what kube-proxy sets for ${cores} cores`] : [];
    if (measured(pool, CONNTRACK_MAX).includes(0)) {
        remarks.push('some of its nodes have 0, no limit, by a setting that new nodes do not get');
    }
    return sizeStep(pool, CONNTRACK_MAX, floor, remarks);
}
function buckets(pool, max, asked) {
    return sizeStep(pool, CONNTRACK_BUCKETS, Math.max((0,sysctl_targets/* bucketsFor */.vE)(max), asked), ['a quarter of the maximum']);
}
/** A size: the largest of what is asked, configured and in force on a node, within what AKS takes. */
function sizeStep(pool, setting, asked, remarks) {
    const limits = OS_SETTINGS[setting];
    const present = presentSetting(pool.properties, setting);
    const configured = typeof present === 'number' ? present : 0;
    const inForce = Math.max(0, ...measured(pool, setting));
    const goal = Math.max(asked, configured, inForce);
    const to = Math.max(limits.least, Math.min(goal, limits.most));
    const known = measured(pool, setting);
    const said = goal > asked && goal === inForce
        ? [`some of its nodes have ${inForce} now`]
        : [...remarks, ...(known.length > 0 ? [`its nodes have ${spread(known)} now`] : [])];
    if (goal > limits.most) {
        said.push(clamped('clamped', goal, limits).replace('clamped: ', ''));
        if (inForce > limits.most)
            said.push(`nodes that have ${inForce} now have it until they are replaced`);
    }
    return configured >= to ? satisfied(pool, setting, configured, to) : change(`${to}`, said);
}
function spread(values) {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return least === most ? `${least}` : `${least} to ${most}`;
}
function twReuse(pool, wanted) {
    const present = presentSetting(pool.properties, TW_REUSE_FIELD);
    if (wanted === 1)
        return present === true ? satisfied(pool, TW_REUSE_FIELD, 1, 1) : change('true');
    const why = 'AKS takes only true, which is 1; 2 is what nodes have where the pool does not say';
    return present === undefined || present === null
        ? { to: '2', intent: 'skip', why }
        : { to: '2', intent: 'refuse', why: `${why}, and it does not let that be taken back` };
}
/** What the user gives by name: never less of a size, never fewer of a list. */
function asAsked(pool, setting, wanted) {
    const present = presentSetting(pool.properties, setting);
    const known = OS_SETTINGS[setting];
    if (known?.kind === 'number' && known.size)
        return sizeStep(pool, setting, Number(wanted), []);
    if (covers(setting, present, wanted)) {
        return { to: os_settings_written(present), intent: 'skip', why: 'the pool has it already' };
    }
    return change(os_settings_written(joined(setting, present, wanted)) ?? '');
}
function change(to, remarks = []) {
    return { to, intent: 'change', ...(remarks.length > 0 && { why: remarks.join('; ') }) };
}
/** The configuration is as wanted; says so when nodes are not, which another node pool would not change. */
function satisfied(pool, setting, configured, wanted) {
    const less = measured(pool, setting).filter((value) => value !== 0 && value < configured);
    const more = configured > wanted ? `, more than the wanted ${wanted}` : '';
    const why = less.length === 0
        ? `the pool has it already${more}`
        : `the pool has it already${more}, yet ${less.length} of its nodes have less (${Math.min(...less)}): they are older than the setting, or something on them writes it after the start, as kube-proxy does; the remedy daemonset writes it again`;
    const present = os_settings_written(presentSetting(pool.properties, setting));
    return { to: present, intent: 'skip', why };
}
/** The values of the sysctl behind a setting on the nodes that were read. */
function measured({ nodes }, setting) {
    const sysctl = OS_SETTINGS[setting]?.sysctl;
    return nodes.flatMap((result) => {
        if (result.kind !== 'read' || sysctl === undefined)
            return [];
        const value = result.reading.sysctls[sysctl];
        return value !== undefined && (0,node_reading/* isKnown */.qE)(value) ? [value.value] : [];
    });
}
/** The configuration that the change steps ask for, by setting. */
function wantedValues(steps, pool) {
    const values = {};
    for (const { target, setting, to, intent } of steps) {
        if (target.kind !== 'node-pool' || target.name !== pool || intent !== 'change' || to === null)
            continue;
        const value = parsedValue(setting, to);
        if (value !== undefined)
            values[setting] = value;
    }
    return values;
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/bodies.js




/** Whether the configuration of a pool is at least what is wanted. */
function hasAll(properties, wanted) {
    return Object.entries(wanted).every(([setting, value]) => covers(setting, presentSetting(properties, setting), value));
}
/** A pool as it is with its settings raised to what is wanted. Everything else in it stays. */
function updateBody(pool, wanted) {
    const raised = Object.entries(wanted).map(([setting, value]) => [
        setting,
        joined(setting, presentSetting(pool.properties, setting), value),
    ]);
    return exactBody(pool, Object.fromEntries(raised));
}
/** A pool as it is with its settings exactly as given. */
function exactBody(pool, settings) {
    const properties = sendable(pool.properties);
    const os = { ...(0,arm_error/* record */.g1)(properties.linuxOSConfig) };
    const sysctls = { ...(0,arm_error/* record */.g1)(os.sysctls) };
    const kubelet = { ...(0,arm_error/* record */.g1)(properties.kubeletConfig) };
    for (const [setting, value] of Object.entries(settings)) {
        const place = setting === UNSAFE_SYSCTLS ? kubelet : sysctls;
        if (value === null || (Array.isArray(value) && value.length === 0))
            delete place[setting];
        else
            place[setting] = value;
    }
    put(os, 'sysctls', sysctls);
    put(properties, 'linuxOSConfig', os);
    put(properties, 'kubeletConfig', kubelet);
    return { properties };
}
/** An empty object is not put where there was none. */
function put(place, name, value) {
    if (Object.keys(value).length > 0 || (0,arm_error/* record */.g1)(place[name]) !== undefined)
        place[name] = value;
}
/** A pool of the same shape with the wanted settings and tags of its own. */
function successorBody(pool, settings, tags) {
    const { properties } = 'raise' in settings ? updateBody(pool, settings.raise) : exactBody(pool, settings.exact);
    const count = properties.count;
    const autoscaled = properties.enableAutoScaling === true;
    const { minCount, maxCount } = properties;
    const bounded = autoscaled && typeof count === 'number'
        ? Math.min(Math.max(count, typeof minCount === 'number' ? minCount : 0), typeof maxCount === 'number' ? maxCount : count)
        : count;
    return {
        properties: {
            ...properties,
            ...(bounded !== undefined && { count: bounded }),
            tags: { ...(0,arm_error/* record */.g1)(properties.tags), ...tags },
        },
    };
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/lineage.js

const PREFIX = 'aks-connection-health';
const TAGS = {
    replaces: `${PREFIX}-replaces`,
    nodes: `${PREFIX}-replaces-nodes`,
    etag: `${PREFIX}-replaces-etag`,
};
/** The value of a tag has at most 256 characters: 28 nodes; a resource has at most 50 tags. */
const MOST_NODES = 28;
const MOST_TAGS = 50;
/** The tags by which a later run knows a successor. */
function lineageTags(predecessor, nodes) {
    return {
        [TAGS.replaces]: predecessor.name,
        [TAGS.nodes]: nodes
            .slice(0, MOST_NODES)
            .map(({ uid }) => lineage_short(uid))
            .join(' '),
        [TAGS.etag]: (predecessor.etag ?? '').slice(0, 200),
    };
}
/** Whether a pool has room for these tags. */
function tagsFit({ properties }) {
    const own = Object.keys((0,arm_error/* record */.g1)(properties.tags) ?? {}).filter((tag) => !tag.startsWith(PREFIX));
    return own.length + Object.keys(TAGS).length <= MOST_TAGS;
}
function lineageOf({ name, properties }) {
    const tags = new Map(Object.entries((0,arm_error/* record */.g1)(properties.tags) ?? {}).map(([tag, value]) => [tag.toLowerCase(), (0,arm_error/* text */.Qq)(value)]));
    const predecessor = tags.get(TAGS.replaces);
    if (predecessor === undefined)
        return undefined;
    const nodes = (tags.get(TAGS.nodes) ?? '').split(' ').filter((uid) => /^[0-9a-f-]{8}$/.test(uid));
    return { predecessor, successor: name, nodes, etag: tags.get(TAGS.etag) ?? '' };
}
/**
 * Whether a pool is the very one that a successor was made for, and not one of the same name. A node that was
 * cordoned for this successor says it too: the tag has room for some of many nodes, and an autoscaler removes
 * those that are drained.
 */
function isSame(lineage, pool, nodes) {
    if (lineage.predecessor !== pool.name)
        return false;
    if (nodes.some(({ uid }) => lineage.nodes.includes(lineage_short(uid))))
        return true;
    if (nodes.some(({ cordonedFor }) => cordonedFor === lineage.successor))
        return true;
    return lineage.etag !== '' && lineage.etag === pool.etag;
}
function lineage_short(uid) {
    return uid.toLowerCase().slice(0, 8);
}
/** Linux pools have names of 1 to 12 lower-case letters and digits, a letter first. */
const NAME = /^[a-z][a-z0-9]{0,11}$/;
const LETTERS = Array.from('bcdefghijklmnopqrstuvwxyza');
/**
 * A name for the successor that no pool of the cluster has: `np1` becomes `np1b`, and `np1b`, if it was a
 * successor itself, `np1c`. Undefined when none is free.
 */
function successorName(pool, taken) {
    const predecessor = lineageOf(pool)?.predecessor;
    const last = pool.name.at(-1) ?? '';
    const numbered = predecessor !== undefined && LETTERS.includes(last) && pool.name.length > 1;
    const stem = numbered ? pool.name.slice(0, -1) : pool.name.slice(0, 11);
    const start = numbered ? (LETTERS.indexOf(last) + 1) % LETTERS.length : 0;
    const letters = [...LETTERS.slice(start), ...LETTERS.slice(0, start)];
    const known = new Set(taken.map((name) => name.toLowerCase()));
    return letters.map((letter) => `${stem}${letter}`).find((name) => NAME.test(name) && !known.has(name));
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/notes.js



/** Text with lines to paste: the lines that announce them end in a colon. */
const pasted = (announcement, lines) => [announcement, ...lines].join('\n');
const SHOWN = ['linuxOSConfig', 'kubeletConfig'];
/** What a change does to the resource in Azure, as a diff of its JSON. */
function diffNote(pool, body, title) {
    return pasted(title, SHOWN.flatMap((name) => diffOf(name, pool.properties[name], body.properties[name], '  ')));
}
function diffOf(name, before, after, indent) {
    const was = (0,arm_error/* record */.g1)(before);
    const is = (0,arm_error/* record */.g1)(after);
    const key = `${indent}${JSON.stringify(name)}: `;
    if (was !== undefined || is !== undefined) {
        const names = [...new Set([...Object.keys(was ?? {}), ...Object.keys(is ?? {})])];
        const inner = names.flatMap((each) => diffOf(each, was?.[each], is?.[each], `${indent}  `));
        return inner.some((line) => line.startsWith('+') || line.startsWith('-'))
            ? [`  ${key}{`, ...inner, `  ${indent}}`]
            : [];
    }
    const [old, next] = [before, after].map((value) => value === undefined ? undefined : JSON.stringify(value));
    if (old === next)
        return [];
    return [
        ...(old === undefined ? [] : [`- ${key}${old}`]),
        ...(next === undefined ? [] : [`+ ${key}${next}`]),
    ];
}
/** The two ways on when AKS does not change the configuration of a pool that exists. */
function waysOn(pool) {
    return [
        pasted(`AKS sets this configuration only on new pools (it answers CustomKubeletConfigOrCustomLinuxOSConfigCanNotBeChanged for others). To replace ${pool} by a pool that has it:`, ['with:', '  fix: node-pool', '  node-pool-strategy: replace', `  node-pools: ${pool}`]),
        pasted('Or to leave the pool and have a DaemonSet write the values on every node it gets:', [
            'with:',
            '  fix: daemonset',
            '  fix-scope: all',
            `  node-pools: ${pool}`,
        ]),
    ];
}
/** The same by hand, with commands that AKS takes. */
function byHandNote(cluster, pool, successor, body, drainMinutes) {
    const lacking = notGiven(body.properties);
    const without = lacking.length === 0 ? '' : `, without what ${pool.name} has of ${(0,words/* listNames */.Zv)(lacking, 10)}: add it`;
    return pasted(`The same by hand (az aks nodepool update has no such option, so it takes a new pool)${without}:`, replaceScript(cluster, pool, successor, body, drainMinutes));
}
/** How an update is taken back. */
function undoUpdateNote(pool) {
    const config = Object.fromEntries(SHOWN.filter((name) => (0,arm_error/* record */.g1)(pool.properties[name]) !== undefined).map((name) => [
        name,
        pool.properties[name],
    ]));
    const back = 'To go back: run with fix: restore and the report of this run.';
    if (Object.keys(config).length === 0)
        return `${back} It takes out of ${pool.name} what this run put in.`;
    return pasted(`${back} It writes what ${pool.name} had before:`, jsonLines(config));
}
/** How a replacement is taken back, at each of its stages. */
function undoReplaceNote(pool, successor) {
    return [
        `To go back while both pools are there: run with fix: restore and the report of this run. It lets pods on the nodes of ${pool.name} again, drains ${successor} within its budgets and deletes it when it is empty.`,
        `Once ${pool.name} is deleted, the same makes a pool ${pool.name} again with the configuration that it had, and drains and deletes ${successor}.`,
    ].join(' ');
}
/** About how long an update takes and what it disturbs. */
function updateImpact(pool) {
    const nodes = typeof pool.properties.count === 'number' ? pool.properties.count : 0;
    const surge = surgeOf((0,arm_error/* text */.Qq)((0,arm_error/* record */.g1)(pool.properties.upgradeSettings)?.maxSurge), nodes);
    const rounds = Math.ceil(nodes / surge);
    return `If AKS takes the change it reimages the ${nodes} nodes of ${pool.name}, ${surge} at a time: about ${rounds * 5} to ${rounds * 10} minutes, and as long as draining takes on top. Pods are evicted within their PodDisruptionBudgets. If it refuses, nothing is touched.`;
}
/** Nodes that are renewed at the same time; AKS takes a number or a percentage, one node when nothing is set. */
function surgeOf(maxSurge, nodes) {
    const [, number, percent] = /^(\d{1,4})(%?)$/.exec(maxSurge ?? '1') ?? [];
    const value = Number(number ?? 1);
    return Math.max(1, percent === '%' ? Math.ceil((value / 100) * nodes) : value);
}
/** About how long a replacement takes and what it disturbs. */
function replaceImpact(pool, successor, drainMinutes) {
    const nodes = typeof pool.properties.count === 'number' ? pool.properties.count : 0;
    return `${successor}, a pool of the same shape, is made beside ${pool.name} (about 5 minutes; ${nodes} more nodes are paid for until the end). Then each node of ${pool.name} is drained, at most ${drainMinutes} minutes each, and the pool is deleted when nothing but DaemonSet pods is left: about ${8 + nodes * 2} minutes if pods move quickly. Clients of pods that move are cut off.`;
}

;// CONCATENATED MODULE: ./lib/azure/permissions.js

/** Version of the permissions API; unchanged since 2022. */
const PERMISSIONS_API = '2022-04-01';
/**
 * Which of the actions the caller lacks on a resource, as far as ARM tells: undefined when it does not. Deny
 * assignments, locks and policies are not part of the answer, so an empty list is no promise.
 */
async function missingActions(arm, resource, actions, signal) {
    try {
        const { body } = await arm.request({
            method: 'GET',
            path: `${resource}/providers/Microsoft.Authorization/permissions`,
            apiVersion: PERMISSIONS_API,
            timeoutMs: 15_000,
            signal,
        });
        const value = (0,arm_error/* record */.g1)(body)?.value;
        if (!Array.isArray(value))
            return undefined;
        const grants = value.map(grantOf);
        return actions.filter((action) => !grants.some((grant) => allows(grant, action)));
    }
    catch {
        signal?.throwIfAborted();
        return undefined;
    }
}
function grantOf(raw) {
    const grant = (0,arm_error/* record */.g1)(raw);
    return { actions: patterns(grant?.actions), notActions: patterns(grant?.notActions) };
}
function patterns(value) {
    if (!Array.isArray(value))
        return [];
    return value.map(arm_error/* text */.Qq).flatMap((pattern) => {
        if (pattern === undefined || pattern.length > 500)
            return [];
        const source = pattern.split(/\*+/).map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
        return [new RegExp(`^${source.join('.*')}$`, 'i')];
    });
}
function allows({ actions, notActions }, action) {
    const matches = (pattern) => pattern.test(action);
    return actions.some(matches) && !notActions.some(matches);
}

;// CONCATENATED MODULE: ./lib/azure/quota.js

const COMPUTE_API = '2021-07-01';
const TIMEOUT_MS = 30_000;
/**
 * The quotas that machines of a size count against; undefined when ARM does not say (no right to read it, an
 * unknown size, no answer in time).
 * @param spot spot machines count against a quota of their own, and no other.
 */
async function coreQuotas(arm, location, vmSize, signal, spot = false) {
    try {
        const size = await readSize(arm, location, vmSize, signal);
        if (size === undefined)
            return undefined;
        const usages = await readUsages(arm, location, signal);
        const counted = spot ? ['lowprioritycores'] : ['cores', size.family.toLowerCase()];
        return { size, quotas: usages.filter(({ name }) => counted.includes(name.toLowerCase())) };
    }
    catch {
        signal?.throwIfAborted();
        return undefined;
    }
}
async function readSize(arm, location, vmSize, signal) {
    const values = await list(arm, '/providers/Microsoft.Compute/skus', signal, {
        $filter: `location eq '${location.replaceAll("'", "''")}'`,
    });
    const found = values.find((each) => (0,arm_error/* text */.Qq)(each.resourceType) === 'virtualMachines' &&
        (0,arm_error/* text */.Qq)(each.name)?.toLowerCase() === vmSize.toLowerCase());
    const capabilities = Array.isArray(found?.capabilities) ? found.capabilities : [];
    const cores = capabilities.map(arm_error/* record */.g1).find((each) => (0,arm_error/* text */.Qq)(each?.name) === 'vCPUs')?.value;
    const family = (0,arm_error/* text */.Qq)(found?.family);
    return family === undefined || !(Number(cores) > 0) ? undefined : { family, cores: Number(cores) };
}
async function readUsages(arm, location, signal) {
    const values = await list(arm, `/providers/Microsoft.Compute/locations/${encodeURIComponent(location)}/usages`, signal);
    return values.flatMap((each) => {
        const name = (0,arm_error/* text */.Qq)((0,arm_error/* record */.g1)(each.name)?.value);
        const { currentValue: used, limit } = each;
        return name === undefined || typeof used !== 'number' || typeof limit !== 'number'
            ? []
            : [{ name, used, limit }];
    });
}
async function list(arm, path, signal, query = {}) {
    const { body } = await arm.request({
        method: 'GET',
        path: `/subscriptions/${encodeURIComponent(arm.subscriptionId)}${path}`,
        apiVersion: COMPUTE_API,
        query,
        timeoutMs: TIMEOUT_MS,
        signal,
    });
    const value = (0,arm_error/* record */.g1)(body)?.value;
    return Array.isArray(value) ? value.map(arm_error/* record */.g1).filter((each) => each !== undefined) : [];
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/preflight.js



const DRAIN_RIGHTS = [
    { verb: 'list', resource: 'nodes' },
    { verb: 'patch', resource: 'nodes' },
    { verb: 'list', resource: 'pods' },
    { verb: 'create', resource: 'pods', subresource: 'eviction' },
    { verb: 'list', resource: 'persistentvolumes' },
];
const named = ({ verb, resource, subresource }) => `${[resource, subresource].filter(Boolean).join('/')} ${verb}`;
/** Names of the rights in Kubernetes that replacing a pool takes, in the whole cluster. */
const drainRights = [...DRAIN_RIGHTS.map(named), 'poddisruptionbudgets.policy list (to name them)'];
const AGENT_POOLS = 'Microsoft.ContainerService/managedClusters/agentPools';
const READ_POOLS = `${AGENT_POOLS}/read`;
const WRITE_POOLS = `${AGENT_POOLS}/write`;
const DELETE_POOLS = `${AGENT_POOLS}/delete`;
const JOIN_SUBNET = 'Microsoft.Network/virtualNetworks/subnets/join/action';
/** Which rights for draining the caller lacks, as the API server says. @throws KubeError */
async function missingDrainRights(api, signal) {
    const asked = await Promise.all(DRAIN_RIGHTS.map((right) => may(api, right, signal)));
    return DRAIN_RIGHTS.filter((_, index) => asked[index] === false).map(named);
}
async function may(api, right, signal) {
    const answer = await api.request({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: { resourceAttributes: { group: '', ...right } },
        },
        retry: true,
        signal,
    });
    return answer.status?.allowed === true;
}
/** Asks ARM whether the caller may make and delete pools, and whether the quota has room for a second one. */
async function checkAzure(arm, cluster, pool, options, signal) {
    const check = { missing: [], short: [], unknown: [] };
    const subnets = [pool.properties.vnetSubnetID, pool.properties.podSubnetID].flatMap((id) => (0,arm_error/* text */.Qq)(id) ?? []);
    const asked = [
        { resource: cluster.id, actions: options.actions },
        ...[...new Set(options.quota ? subnets : [])].map((resource) => ({ resource, actions: [JOIN_SUBNET] })),
    ];
    for (const { resource, actions } of asked) {
        const missing = await missingActions(arm, resource, actions, signal);
        if (missing === undefined)
            check.unknown.push(`Azure does not say whether ${actions.join(', ')} is allowed.`);
        else
            check.missing.push(...missing.map((action) => `${action} on ${resource}`));
    }
    if (options.quota)
        await checkQuota(arm, cluster.location, pool, check, signal);
    return check;
}
async function checkQuota(arm, location, pool, check, signal) {
    const vmSize = (0,arm_error/* text */.Qq)(pool.properties.vmSize);
    const spot = (0,arm_error/* text */.Qq)(pool.properties.scaleSetPriority)?.toLowerCase() === 'spot';
    const nodes = typeof pool.properties.count === 'number' ? pool.properties.count : 0;
    if (nodes === 0)
        return;
    const known = location === undefined || vmSize === undefined
        ? undefined
        : await coreQuotas(arm, location, vmSize, signal, spot);
    if (known === undefined || known.quotas.length === 0) {
        check.unknown.push(`Azure does not say whether the quota has room for ${nodes} more nodes (${vmSize ?? 'size unknown'}).`);
        return;
    }
    const needed = known.size.cores * nodes;
    for (const { name, used, limit } of known.quotas) {
        if (limit - used < needed) {
            check.short.push(`the quota ${name} in ${location ?? ''} has ${Math.max(0, limit - used)} of ${limit} cores left and ${nodes} more nodes take ${needed}`);
        }
    }
}
/** Preview versions of the API in which fields can be set that the public one does not show. */
const PREVIEW_API = '2026-01-02-preview';
/** Fields that are set on a pool in a preview version of the API and that the public one leaves out. */
function shapedAway(open, preview) {
    if (preview === undefined)
        return undefined;
    return missingFields(preview.properties, open.properties, '').sort();
}
const previewApi = PREVIEW_API;
function missingFields(all, shown, path) {
    return Object.entries(all).flatMap(([name, value]) => {
        if (value === null || value === undefined || name === 'provisioningState' || name === 'eTag')
            return [];
        const inner = (0,arm_error/* record */.g1)(value);
        const other = shown[name];
        if (other === undefined || other === null) {
            return inner !== undefined && Object.keys(inner).length === 0 ? [] : [`${path}${name}`];
        }
        const otherInner = (0,arm_error/* record */.g1)(other);
        return inner !== undefined && otherInner !== undefined && name !== 'tags' && name !== 'nodeLabels'
            ? missingFields(inner, otherInner, `${path}${name}.`)
            : [];
    });
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/rules.js



/**
 * The rule for a pool: which kinds are left alone, and what is particular about the others.
 * @param begun a replacement of it has begun.
 */
function ruleFor(pool, strategy, begun = false) {
    const { name, properties } = pool;
    const is = (field, value) => (0,arm_error/* text */.Qq)(properties[field])?.toLowerCase() === value.toLowerCase();
    const no = (why) => ({ no: why, remarks: [] });
    if (is('osType', 'Windows'))
        return no('a Windows pool has no linuxOSConfig');
    if ((0,arm_error/* text */.Qq)((0,arm_error/* record */.g1)(properties.powerState)?.code)?.toLowerCase() === 'stopped') {
        return no(`the pool is stopped; start it first: az aks nodepool start … --name ${name}`);
    }
    if (pool.state?.toLowerCase() === 'deleting' && !begun)
        return no('the pool is being deleted');
    if (strategy === 'replace') {
        const why = notReplaced(pool, is);
        if (why !== undefined)
            return no(why);
    }
    const remarks = remarksOn(pool, strategy, is);
    return { remarks };
}
function notReplaced(pool, is) {
    if (is('type', 'VirtualMachines')) {
        return 'a VirtualMachines pool has scale profiles instead of a count, and is not replaced by this action; make its successor by hand, or use the remedy daemonset';
    }
    if (is('type', 'AvailabilitySet')) {
        return 'a cluster with an availability set can have no further node pool; use the remedy daemonset';
    }
    if (is('mode', 'Gateway')) {
        return 'a gateway pool holds the addresses of egress gateways, which a successor would not have';
    }
    if (!tagsFit(pool))
        return 'the pool has so many tags that those by which a replacement is resumed do not fit';
    return undefined;
}
function remarksOn(pool, strategy, is) {
    const { name, properties } = pool;
    const replace = strategy === 'replace';
    const remarks = [];
    if (is('mode', 'System')) {
        remarks.push(replace
            ? `${name} is a system pool: it goes only once its successor, a system pool too, serves.`
            : `${name} is a system pool: the pods of the system move with its nodes.`);
    }
    if (is('scaleSetPriority', 'Spot')) {
        remarks.push(replace
            ? `${name} is a spot pool: its successor may get no capacity; then nothing is drained.`
            : `${name} is a spot pool: nodes that go may not come back until there is capacity.`);
    }
    if (is('type', 'VirtualMachines')) {
        remarks.push(`${name} is a VirtualMachines pool: its scale profiles are sent back whole, as they are.`);
    }
    if (properties.count === 0) {
        remarks.push(`${name} has no node: there is nothing to verify, later nodes get the configuration.`);
    }
    if (properties.enableAutoScaling === true) {
        const { minCount, maxCount } = properties;
        remarks.push(`${name} is autoscaled (${String(minCount)} to ${String(maxCount)} nodes): the bounds stay, the count is read right before it is sent.`);
    }
    if (!(0,azure_operation/* isSettled */.Is)(pool.state)) {
        remarks.push(`An operation runs on ${name} (${pool.state ?? ''}): it is waited for.`);
    }
    if (pool.state?.toLowerCase() === 'failed') {
        remarks.push(`The last operation on ${name} failed: AKS tries to bring it in order with the next one.`);
    }
    return remarks;
}

// EXTERNAL MODULE: ./lib/cluster/list.js
var cluster_list = __webpack_require__(83996);
;// CONCATENATED MODULE: ./lib/remedy/node-pool/placement.js
/** Which nodes a pod may run on, by its selectors, affinity and tolerations: what the scheduler asks first. */
/** Labels that name the pool or the very node; the rest of a successor's labels are those of its predecessor. */
const POOL_LABELS = ['kubernetes.azure.com/agentpool', 'agentpool'];
const NODE_LABELS = ['kubernetes.io/hostname', 'kubernetes.azure.com/node-image-version'];
/** The labels that a node of the successor will have, as far as they can be known. */
function successorLabels(labels, successor) {
    const kept = Object.entries(labels).filter(([key]) => !NODE_LABELS.includes(key));
    return { ...Object.fromEntries(kept), ...Object.fromEntries(POOL_LABELS.map((key) => [key, successor])) };
}
/** Whether selector and required affinity let a pod run on a node with these labels and this name. */
function selects(pod, labels, name) {
    const chosen = Object.entries(pod.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
    const terms = pod.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    return chosen && (terms === undefined || matchesTerms(terms, labels, name));
}
/** Terms are alternatives; the expressions of one must all hold. */
function matchesTerms(terms, labels, name) {
    return terms.some(({ matchExpressions = [], matchFields = [] }) => {
        if (matchExpressions.length + matchFields.length === 0)
            return false;
        return (matchExpressions.every((each) => holds(each, labels)) &&
            matchFields.every((each) => holds(each, { 'metadata.name': name })));
    });
}
function holds({ key = '', operator, values = [] }, labels) {
    const value = labels[key];
    switch (operator) {
        case undefined:
            return false;
        case 'In':
            return value !== undefined && values.includes(value);
        case 'NotIn':
            return value === undefined || !values.includes(value);
        case 'Exists':
            return value !== undefined;
        case 'DoesNotExist':
            return value === undefined;
        case 'Gt':
            return value !== undefined && Number(value) > Number(values[0]);
        case 'Lt':
            return value !== undefined && Number(value) < Number(values[0]);
        default:
            return false;
    }
}
/** Whether a pod can come back to a node though that is cordoned. */
function toleratesCordon(pod) {
    return (pod.tolerations ?? []).some(({ key, operator, effect }) => operator === 'Exists' &&
        (!effect || effect === 'NoSchedule') &&
        (!key || key === 'node.kubernetes.io/unschedulable'));
}
/** Taints that come and go with the state of a node, as the one that a cordon sets. */
const PASSING = ['node.kubernetes.io/', 'node.cloudprovider.kubernetes.io/', 'ToBeDeletedByClusterAutoscaler'];
/** Whether a pod bears all taints that keep pods from a node as long as it lives. */
function toleratesAll(pod, taints) {
    return taints
        .filter(({ key, effect }) => effect !== 'PreferNoSchedule' && !PASSING.some((start) => key.startsWith(start)))
        .every((taint) => (pod.tolerations ?? []).some(({ key, operator, value = '', effect }) => (!effect || effect === taint.effect) &&
        (!key || key === taint.key) &&
        (operator === 'Exists' || value === (taint.value ?? ''))));
}

// EXTERNAL MODULE: ./lib/node/pod.js
var pod = __webpack_require__(58279);
;// CONCATENATED MODULE: ./lib/remedy/node-pool/pods.js



function kindOf({ metadata, status }) {
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed')
        return 'stays';
    if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined)
        return 'stays';
    const controller = metadata.ownerReferences?.find((owner) => owner.controller);
    if (controller !== undefined)
        return ['DaemonSet', 'Node'].includes(controller.kind) ? 'stays' : 'moves';
    return metadata.labels?.[pod/* MANAGED_BY_LABEL */.lT] === pod/* MANAGED_BY */.Kf ? 'stays' : 'bare';
}
function podName({ metadata }) {
    return `${metadata.namespace ?? ''}/${metadata.name}`;
}
/** All pods of the cluster. */
async function listPods(api, signal) {
    return (await (0,cluster_list/* listAll */._)(api, { path: '/api/v1/pods', signal })).items;
}
/** The pods of one node. */
async function podsOn(api, node, signal) {
    const query = { fieldSelector: `spec.nodeName=${node}` };
    return (await (0,cluster_list/* listAll */._)(api, { path: '/api/v1/pods', query, signal })).items;
}
/** The pods that have no node yet. */
async function unboundPods(api, signal) {
    const query = { fieldSelector: 'spec.nodeName=' };
    return (await (0,cluster_list/* listAll */._)(api, { path: '/api/v1/pods', query, signal })).items;
}
/** The pods that wait for a place and would take one on these nodes, were they not cordoned. */
function waitingFor(sites, pods) {
    return pods.filter((pod) => {
        const { metadata, spec } = pod;
        if (spec.nodeName || metadata.deletionTimestamp !== undefined || kindOf(pod) === 'stays')
            return false;
        if ((spec.schedulingGates ?? []).length > 0)
            return false;
        return sites.some(({ name, labels, taints }) => selects(spec, labels, name) && toleratesAll(spec, taints));
    });
}
/** Whether the scheduler has looked at a waiting pod and found no place. */
function isUnschedulable({ status }) {
    return (status?.conditions?.some(({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable') ?? false);
}
/** Why a waiting pod waits, in the scheduler's words where there are any. */
function whyWaiting(pod) {
    const said = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
    return said?.message ? `${podName(pod)} (${said.message.slice(0, 200)})` : podName(pod);
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/ties.js





/**
 * Looks at everything that runs on the nodes of a pool, before anything is made or moved.
 * @param begins false when a replacement is gone on with: pods that wait then wait for it.
 */
async function tiesOf(api, nodes, successor, signal, begins) {
    const all = await listPods(api, signal);
    const byNode = new Map(nodes.map((node) => [node.name, node]));
    const here = all.filter(({ spec }) => byNode.has(spec.nodeName ?? ''));
    const moving = here.filter((pod) => kindOf(pod) === 'moves');
    const volumes = moving.some((pod) => claimsOf(pod).length > 0) ? await listVolumes(api, signal) : [];
    const labelsFor = ({ spec }) => successorLabels(byNode.get(spec.nodeName ?? '')?.labels ?? {}, successor);
    const blockers = [];
    const add = (pods, why) => {
        if (pods.length > 0)
            blockers.push(`${(0,words/* listNames */.Zv)(pods.map(podName))}: ${why}`);
    };
    add(here.filter((pod) => kindOf(pod) === 'bare'), 'no controller would make it anew elsewhere');
    add(moving.filter((pod) => !selects(pod.spec, labelsFor(pod), `new-node-of-${successor}`)), 'its node selector or affinity ties it to this pool or node');
    add(moving.filter((pod) => volumesOf(pod, volumes).some((volume) => isTied(volume, labelsFor(pod), successor))), 'its volume is on the node itself');
    const waiting = begins ? waitingFor(nodes, all).filter(isUnschedulable) : [];
    if (waiting.length > 0) {
        blockers.push(`pods wait for a place already: ${(0,words/* listNames */.Zv)(waiting.map(whyWaiting), 3)}`);
    }
    return { blockers, impact: await impactOf(api, here, moving, signal) };
}
function claimsOf({ spec }) {
    return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
}
async function listVolumes(api, signal) {
    return (await (0,cluster_list/* listAll */._)(api, { path: '/api/v1/persistentvolumes', signal })).items;
}
function volumesOf(pod, volumes) {
    const claims = claimsOf(pod);
    return volumes.filter(({ spec }) => spec?.claimRef?.namespace === pod.metadata.namespace && claims.includes(spec?.claimRef?.name ?? ''));
}
/** A disk of a zone goes along, as the successor has the zones of its predecessor; a disk of the node does not. */
function isTied({ spec = {} }, labels, successor) {
    if (spec.local !== undefined || spec.hostPath !== undefined)
        return true;
    const terms = spec.nodeAffinity?.required?.nodeSelectorTerms;
    return terms !== undefined && !matchesTerms(terms, labels, `new-node-of-${successor}`);
}
async function impactOf(api, here, moving, signal) {
    const impact = [
        `${(0,words/* count */.U9)(moving.length, 'pod')} will be evicted and made anew on the successor; those that a PodDisruptionBudget covers only as it allows, others without a look at how many are left. ${(0,words/* count */.U9)(here.length - moving.length, 'other pod')} (DaemonSets, static and ended ones) go with their nodes.`,
    ];
    const withVolume = (kind) => moving.filter(({ spec }) => spec.volumes?.some((volume) => volume[kind] !== undefined));
    const empty = withVolume('emptyDir');
    if (empty.length > 0) {
        impact.push(`What these pods keep in emptyDir volumes is lost: ${(0,words/* listNames */.Zv)(empty.map(podName))}.`);
    }
    const host = withVolume('hostPath');
    if (host.length > 0) {
        impact.push(`What these pods keep in folders of the node stays behind: ${(0,words/* listNames */.Zv)(host.map(podName))}.`);
    }
    const returning = moving.filter(({ spec }) => toleratesCordon(spec));
    if (returning.length > 0) {
        impact.push(`These pods tolerate a cordon, so the scheduler can put them back on the old nodes; they are evicted again, within their budgets, and draining stops if they come back all the same: ${(0,words/* listNames */.Zv)(returning.map(podName))}.`);
    }
    const tight = (await listBudgets(api, signal)).filter(({ metadata, status }) => (status?.expectedPods ?? 0) > 0 &&
        status?.disruptionsAllowed === 0 &&
        moving.some((pod) => pod.metadata.namespace === metadata.namespace));
    if (tight.length > 0) {
        const named = tight.map(({ metadata, status }) => `${metadata.namespace ?? ''}/${metadata.name} (${status?.currentHealthy ?? 0} healthy, ${status?.desiredHealthy ?? 0} needed)`);
        impact.push(`Budgets that allow no disruption now, so that draining stops at their pods until they do: ${(0,words/* listNames */.Zv)(named)}.`);
    }
    return impact;
}
/** Budgets are shown, not relied on: the eviction API keeps them. */
async function listBudgets(api, signal) {
    try {
        return (await (0,cluster_list/* listAll */._)(api, { path: '/apis/policy/v1/poddisruptionbudgets', signal })).items;
    }
    catch (error) {
        if (error instanceof kube_api/* KubeError */.a && error.status === 403)
            return [];
        throw error;
    }
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/plan-case.js










/** The setting of the step that one pool takes the place of another. */
const POOL = 'pool';
/** A step that says why nothing is done for a pool. */
function refusal(name, why, intent = 'refuse') {
    const target = { kind: 'node-pool', name };
    return { remedy: 'node-pool', target, setting: 'linuxOSConfig', from: undefined, to: null, intent, why };
}
/** Plans one pool. @param room whether `max-pools` lets this pool be changed. */
async function planCase(found, all, kit, context, room) {
    const { pool, successor } = found;
    const rule = ruleFor(pool, kit.strategy, successor !== undefined);
    if (rule.no !== undefined)
        return only(refusal(pool.name, rule.no, found.named ? 'refuse' : 'skip'));
    if (successor !== undefined && kit.strategy === 'update') {
        return only(refusal(pool.name, `its replacement by ${successor.name} has begun: finish it with node-pool-strategy: replace, or take it back with fix: restore`));
    }
    const steps = stepsOf(found, kit);
    if (!steps.some(({ intent }) => intent === 'change'))
        return { steps, impact: [], notes: [] };
    if (!room) {
        const why = `max-pools is ${kit.maxPools}: run again for this pool, or raise it`;
        return { steps: turned(steps, 'skip', why), impact: [], notes: [] };
    }
    return kit.strategy === 'replace'
        ? planReplace(found, steps, all, kit, context, rule.remarks)
        : planUpdate(found, steps, all, kit, rule.remarks);
}
function only(step) {
    return { steps: [step], impact: [], notes: [] };
}
function turned(steps, intent, why) {
    return steps.map((step) => (step.intent === 'change' ? { ...step, intent, why } : step));
}
/** What a replacement that has begun brings is what its successor has; what it does not bring is refused. */
function stepsOf(found, kit) {
    const { pool, results, needs, successor } = found;
    const asked = settingSteps({ name: pool.name, properties: pool.properties, nodes: results }, needs, kit.wanted);
    if (successor === undefined)
        return asked.map((step) => versioned(step, pool.etag));
    const brought = [...Object.keys(OS_SETTINGS), UNSAFE_SYSCTLS].flatMap((setting) => {
        const from = os_settings_written(presentSetting(pool.properties, setting));
        const to = os_settings_written(presentSetting(successor.properties, setting));
        if (from === to)
            return [];
        const target = { kind: 'node-pool', name: pool.name };
        return [{ remedy: 'node-pool', target, setting, from, to, intent: 'change' }];
    });
    const why = `${successor.name}, which replaces the pool, was made without it; run again once that is through`;
    const lacking = asked.filter(({ intent, to, setting }) => {
        const value = intent === 'change' && to !== null ? parsedValue(setting, to) : undefined;
        return value !== undefined && !hasAll(successor.properties, { [setting]: value });
    });
    const known = new Set(lacking.map(({ setting }) => setting));
    return [
        ...brought.filter(({ setting }) => !known.has(setting)),
        ...lacking.map((step) => ({ ...step, intent: 'refuse', why })),
        // A replacement that brings no new value is finished all the same.
        poolStep(pool.name, successor.name, 'its replacement has begun and is gone on with'),
    ];
}
function versioned(step, etag) {
    return step.intent === 'change' && etag !== undefined ? { ...step, resourceVersion: etag } : step;
}
function poolStep(from, to, why) {
    const target = { kind: 'node-pool', name: from };
    return { remedy: 'node-pool', target, setting: POOL, from, to, intent: 'change', why };
}
function planUpdate({ pool }, steps, all, kit, remarks) {
    const values = wantedValues(steps, pool.name);
    const body = updateBody(pool, values);
    const heir = successorName(pool, namesOf(all));
    const successor = heir === undefined ? undefined : successorBody(pool, { raise: values }, {});
    return {
        steps,
        impact: [updateImpact(pool), ...remarks],
        notes: [
            diffNote(pool, body, `The change of ${pool.name}:`),
            ...waysOn(pool.name),
            ...(heir && successor ? [byHandNote(kit.cluster, pool, heir, successor, kit.drainTimeoutMinutes)] : []),
            undoUpdateNote(pool),
        ],
    };
}
async function planReplace(found, steps, all, kit, context, remarks) {
    const { pool, nodes, successor } = found;
    const { api, signal } = context;
    const name = successor?.name ?? successorName(pool, namesOf(all));
    if (name === undefined)
        return { steps: turned(steps, 'refuse', 'no name is free for its successor'), impact: [], notes: [] };
    const blockers = (await missingDrainRights(api, signal)).map((right) => `the right ${right} is missing in Kubernetes`);
    const check = await checkAzure(kit.arm, kit.cluster, pool, { actions: [WRITE_POOLS, DELETE_POOLS], quota: successor === undefined }, signal);
    blockers.push(...check.missing.map((right) => `the right ${right} is missing in Azure`), ...check.short);
    const lacksRights = blockers.length > 0;
    const ties = lacksRights
        ? { blockers: [], impact: [] }
        : await tiesOf(api, nodes, name, signal, successor === undefined);
    blockers.push(...ties.blockers);
    if (blockers.length > 0) {
        const why = `the pool cannot be replaced: ${(0,words/* listNames */.Zv)(blockers, 6)}`;
        return { steps: turned(steps, 'refuse', why), impact: [], notes: check.unknown };
    }
    const values = wantedValues(steps, pool.name);
    const body = successorBody(pool, { raise: values }, {});
    return {
        steps: successor
            ? steps
            : [...steps, poolStep(pool.name, name, 'a pool of the same shape takes its place')],
        impact: [replaceImpact(pool, name, kit.drainTimeoutMinutes), ...ties.impact, ...remarks],
        notes: [
            ...check.unknown,
            ...carried(pool.properties),
            diffNote(pool, body, `How ${name} differs from ${pool.name}, besides the tags by which a later run finds it:`),
            byHandNote(kit.cluster, pool, name, body, kit.drainTimeoutMinutes),
            undoReplaceNote(pool, name),
        ],
    };
}
/** Pools that a successor must not be named after: those that are there, and those that were replaced. */
function namesOf({ pools }) {
    return pools.flatMap((pool) => [pool.name, lineageOf(pool)?.predecessor ?? []].flat());
}
/** Fields whose meaning a second pool can run into. */
function carried(properties) {
    const notes = [];
    if (properties.nodePublicIPPrefixID) {
        notes.push('The successor takes public addresses of the same prefix while both pools are there: it must have room.');
    }
    if (properties.capacityReservationGroupID || properties.hostGroupID) {
        notes.push('The successor takes machines of the same reservation or host group while both pools are there: it must have room.');
    }
    if ((0,arm_error/* record */.g1)(properties.creationData) !== undefined) {
        notes.push('The successor is made from the same snapshot, which must still exist.');
    }
    return notes;
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/pool-nodes.js


/** Says on a node for which successor this action cordoned it. */
const CORDON_ANNOTATION = 'aks-connection-health/cordoned-for';
const nodesPath = '/api/v1/nodes';
/** The nodes of a node pool, by name. */
async function poolNodes(api, pool, signal) {
    const { items } = await (0,cluster_list/* listAll */._)(api, {
        path: nodesPath,
        query: { labelSelector: `kubernetes.azure.com/agentpool=${pool}` },
        signal,
    });
    return items.map(describe).sort((a, b) => (a.name < b.name ? -1 : 1));
}
function describe({ metadata, spec = {}, status = {} }) {
    return {
        name: metadata.name,
        uid: metadata.uid ?? '',
        ready: status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
        cordoned: spec.unschedulable === true,
        cordonedFor: metadata.annotations?.[CORDON_ANNOTATION],
        labels: metadata.labels ?? {},
        taints: (spec.taints ?? []).flatMap(({ key, value, effect }) => key && effect ? [{ key, effect, ...(value !== undefined && { value }) }] : []),
        kubeletVersion: status.nodeInfo?.kubeletVersion ?? '',
    };
}
/** Keeps new pods from a node, and remembers on it for which successor; false: it is gone. */
async function cordon(api, node, successor, signal) {
    return patchNode(api, node, { unschedulable: true, annotation: successor }, signal);
}
/** Lets pods on a node again that this action cordoned. */
async function uncordon(api, node, signal) {
    await patchNode(api, node, { unschedulable: null, annotation: null }, signal);
}
/**
 * The UID makes the patch fail on a node that was made anew under the same name. A node that is gone needs none:
 * autoscalers remove those that are drained.
 */
async function patchNode(api, { name, uid }, to, signal) {
    const call = {
        method: 'PATCH',
        path: `${nodesPath}/${encodeURIComponent(name)}`,
        contentType: 'application/merge-patch+json',
        body: {
            metadata: { uid, annotations: { [CORDON_ANNOTATION]: to.annotation } },
            spec: { unschedulable: to.unschedulable },
        },
        retry: true,
        signal,
    };
    try {
        await api.request(call);
        return true;
    }
    catch (error) {
        if (!(error instanceof kube_api/* KubeError */.a && (error.status === 404 || error.status === 409)))
            throw error;
        return false;
    }
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/survey.js




/** Reads the pools and decides which of them the run is about. @throws ArmError, KubeError */
async function survey(kit, context) {
    const pools = await listAgentPools(kit.arm, kit.cluster, context.signal);
    const byName = new Map(pools.map((pool) => [pool.name, pool]));
    const notes = [];
    const successors = new Map();
    const nodesOf = new Map();
    const read = async (name) => {
        const nodes = nodesOf.get(name) ?? (await poolNodes(context.api, name, context.signal));
        nodesOf.set(name, nodes);
        return nodes;
    };
    for (const pool of pools) {
        const lineage = lineageOf(pool);
        const predecessor = lineage && byName.get(lineage.predecessor);
        if (!lineage || !predecessor)
            continue;
        if (isSame(lineage, predecessor, await read(predecessor.name)))
            successors.set(predecessor.name, pool);
        else {
            notes.push(`${pool.name} was made to replace a pool ${predecessor.name}; the present ${predecessor.name} is another one, or none of the nodes that it had then is left. Neither is touched for that reason.`);
        }
    }
    const named = namedPools(kit.nodePools, byName, successors, pools, notes);
    const cases = [];
    for (const pool of pools) {
        const found = caseOf(pool, named.names, kit, context);
        const successor = successors.get(pool.name);
        if ([...successors.values()].some(({ name }) => name === pool.name))
            continue;
        const wanted = kit.nodePools.length > 0 ? found.named : found.needs.size > 0 || successor !== undefined;
        if (!wanted)
            continue;
        cases.push({ ...found, nodes: await read(pool.name), ...(successor && { successor }) });
    }
    const begun = ({ successor }) => (successor === undefined ? 0 : 1);
    cases.sort((a, b) => begun(b) - begun(a) || b.breaching - a.breaching);
    return { pools, cases, missing: named.missing, notes };
}
function namedPools(asked, pools, successors, all, notes) {
    const names = new Set();
    const missing = [];
    for (const name of asked) {
        const begun = [...successors].find(([, successor]) => successor.name === name);
        const heir = all.find((pool) => lineageOf(pool)?.predecessor === name);
        if (begun)
            names.add(begun[0]);
        else if (pools.has(name))
            names.add(name);
        else if (heir) {
            names.add(heir.name);
            notes.push(`${name} has been replaced by ${heir.name}, which is looked at in its place.`);
        }
        else
            missing.push(name);
    }
    return { names, missing };
}
function caseOf(pool, named, kit, context) {
    const results = context.nodes.filter(({ node }) => node.pool === pool.name);
    const byBreach = (0,sysctl_targets/* needsByNode */.xJ)(context.findings, 'breached', results);
    const breaching = [...byBreach.values()].filter((needs) => needs.size > 0).length;
    const isNamed = named.has(pool.name);
    // A pool that is named is meant as a whole, as every pool is with the scope `all`.
    const all = isNamed || kit.scope === 'all';
    const needs = all
        ? new Set(['conntrack', 'time-wait'])
        : new Set([...byBreach.values()].flatMap((each) => [...each]));
    return { pool, results, named: isNamed, needs, breaching };
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/plan.js








/** Looks at all pools that the run is about and decides what each shall have. Changes nothing. */
async function planNodePools(kit, context) {
    const found = await explained(kit, survey(kit, context));
    const plan = {
        remedy: 'node-pool',
        steps: [],
        lasts: 'for as long as the node pool exists: on every node that it has or gets, after reboots, upgrades and scale-out',
        impact: [],
        rights: [
            ...new Set([
                READ_POOLS,
                WRITE_POOLS,
                ...(kit.strategy === 'replace' ? [DELETE_POOLS, ...drainRights] : ['nodes list']),
                ...(0,rights/* podRights */.Jh)(kit.namespace),
            ]),
        ],
        notes: [...kit.notices, ...found.notes],
    };
    const foreign = hasAutoProvisioning(kit.cluster)
        ? foreignPools(context.nodes, found.pools.map((pool) => pool.name))
        : [];
    for (const name of found.missing.filter((each) => !foreign.includes(each))) {
        plan.steps.push(refusal(name, `the cluster has no node pool ${name}; it has ${found.pools.map((pool) => pool.name).join(', ')}`));
    }
    await addForeignPools(plan, foreign, kit, context);
    let acting = 0;
    for (const each of found.cases) {
        const part = await planCase(each, found, kit, context, acting < kit.maxPools);
        if (part.steps.some(({ intent }) => intent === 'change')) {
            acting += 1;
            await addHiddenFields(part, each, kit, context);
        }
        plan.steps.push(...part.steps);
        plan.impact.push(...part.impact);
        plan.notes.push(...part.notes);
    }
    if (acting > 1)
        plan.impact.push('One pool at a time, and no further one after one that fails.');
    if (plan.steps.length === 0) {
        plan.notes.push('No node pool has a node that breaches what these settings cure. With `node-pools` those named are configured all the same, with fix-scope: all every pool.');
    }
    return plan;
}
async function explained(kit, work) {
    try {
        return await work;
    }
    catch (error) {
        throw kit.explain(error, 'The node pools cannot be looked at');
    }
}
/** Pools whose nodes come from elsewhere: node auto-provisioning has its own resource for the same settings. */
async function addForeignPools(plan, foreign, kit, context) {
    const asked = kit.nodePools.length === 0 ? foreign : foreign.filter((name) => kit.nodePools.includes(name));
    const scope = kit.nodePools.length > 0 ? 'all' : kit.scope;
    const needs = (0,sysctl_targets/* needsByNode */.xJ)(context.findings, scope, context.nodes);
    for (const name of asked) {
        const nodes = context.nodes.filter(({ node }) => node.pool === name);
        const own = new Set(nodes.flatMap(({ node }) => [...(needs.get(node.name) ?? [])]));
        if (own.size === 0)
            continue;
        const steps = settingSteps({ name, properties: {}, nodes }, own, kit.wanted);
        const nodeClass = await nodeClassOf(context.api, name, context.signal);
        plan.steps.push(refusal(name, 'its nodes come from node auto-provisioning: the patch below does the same, and is not applied by this action'));
        plan.notes.push(nodeClassNote(name, nodeClass, steps));
    }
}
/** Says which fields a PUT of the public API version would not carry, as far as a preview version shows them. */
async function addHiddenFields(part, { pool, successor }, kit, { signal }) {
    if (successor !== undefined)
        return;
    const preview = await readAgentPool(kit.arm, kit.cluster, pool.name, {
        signal,
        apiVersion: previewApi,
    }).catch(() => undefined);
    signal.throwIfAborted();
    const hidden = shapedAway(pool, preview);
    const lost = kit.strategy === 'replace'
        ? 'the successor would not have them'
        : 'whether AKS keeps them is not documented';
    if (hidden === undefined) {
        part.notes.push(`Whether ${pool.name} has settings of a preview version of the API could not be seen; ${lost}.`);
    }
    else if (hidden.length > 0) {
        part.impact.push(`${pool.name} has settings of a preview version of the API, which are not carried over (${hidden.join(', ')}): ${lost}.`);
    }
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/evict.js






/** Asks for the eviction of exactly this pod, not of one of the same name. */
async function evict(api, pod, signal) {
    const { name, namespace = '', uid } = pod.metadata;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/eviction`;
    const deleteOptions = uid === undefined ? {} : { deleteOptions: { preconditions: { uid } } };
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, ...deleteOptions };
    try {
        await api.request({ method: 'POST', path, body, signal });
        return { kind: 'evicted' };
    }
    catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof kube_api/* KubeError */.a))
            throw error;
        if (error.status === 404 || error.status === 409)
            return { kind: 'gone' };
        if (error.status === 429)
            return { kind: 'budget' };
        return { kind: 'error', why: `${podName(pod)}: ${(0,rights/* whyFailed */.KE)(error)}` };
    }
}
/** The budgets that cover these pods, with how many pods they have and need; the pods alone where they cannot be read. */
async function blockingBudgets(api, pods, signal) {
    const names = (0,words/* listNames */.Zv)(pods.map(podName));
    try {
        const { items } = await (0,cluster_list/* listAll */._)(api, { path: '/apis/policy/v1/poddisruptionbudgets', signal });
        const blocking = items.filter((budget) => pods.some((pod) => coversPod(budget, pod)));
        const told = blocking.map(({ metadata, status = {} }) => `${metadata.namespace ?? ''}/${metadata.name} (${status.currentHealthy ?? 0} healthy, ${status.desiredHealthy ?? 0} needed)`);
        return `${(0,words/* listNames */.Zv)(told)} for the pods ${names}`;
    }
    catch (error) {
        signal.throwIfAborted();
        return `for the pods ${names} (the budgets could not be listed: ${(0,rights/* whyFailed */.KE)(error)})`;
    }
}
/** An empty selector covers all pods of its namespace, a missing one none. */
function coversPod({ metadata, spec }, pod) {
    if (metadata.namespace !== pod.metadata.namespace || spec?.selector === undefined)
        return false;
    const labels = pod.metadata.labels ?? {};
    const { matchLabels = {}, matchExpressions = [] } = spec.selector;
    return (Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
        (matchExpressions.length === 0 || matchesTerms([{ matchExpressions }], labels, '')));
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/drain.js






/** Passes over a pool to which new pods keep coming. */
const MOST_PASSES = 100;
/**
 * Empties a pool node by node: no node of it takes new pods, and the eviction API moves the pods as the budgets
 * allow. Never evicts while a pod waits for a place. Stops at the first node that is not empty in time. Ends
 * with a pass in which there was nothing to move.
 * @param other the pool that the pods move to; the nodes remember for which pool they were cordoned.
 */
async function drainPool(name, other, kit, context) {
    for (let pass = 0; pass < MOST_PASSES; pass++) {
        const { moved, blocked } = await drainOnce(name, other, kit, context);
        if (blocked !== undefined)
            return { done: false, why: blocked };
        if (!moved)
            return { done: true };
    }
    return { done: false, why: `${name} gets new pods as fast as they are moved` };
}
async function drainOnce(name, other, kit, context) {
    const visited = new Set();
    let moved = false;
    for (;;) {
        // Nodes that an autoscaler adds in the meantime are drained too.
        const nodes = await cordonAll(name, other, context);
        const next = nodes.find(({ uid }) => !visited.has(uid));
        if (next === undefined)
            return { moved };
        visited.add(next.uid);
        const here = await podsOn(context.api, next.name, context.signal);
        if (!here.some(hasToMove))
            continue;
        moved = true;
        context.log.info(`${next.name}: draining (node ${visited.size} of ${nodes.length} of ${name})`);
        const drained = await drainNode(next, nodes, kit, context);
        if (!drained.done)
            return { moved, blocked: drained.why };
        context.log.info(`${next.name}: drained`);
    }
}
/** Cordons every node of a pool; which nodes it has is looked up anew each time. */
async function cordonAll(name, other, { api, signal, log }) {
    const nodes = await poolNodes(api, name, signal);
    const open = nodes.filter(({ cordoned }) => !cordoned);
    const gone = new Set();
    for (const node of open)
        if (!(await cordon(api, node, other, signal)))
            gone.add(node.uid);
    const cordoned = open.filter(({ uid }) => !gone.has(uid));
    if (cordoned.length > 0)
        log.info(`${name}: cordoned ${(0,words/* listNames */.Zv)(cordoned.map((node) => node.name))}`);
    return nodes.filter(({ uid }) => !gone.has(uid));
}
function hasToMove(pod) {
    return kindOf(pod) !== 'stays';
}
async function drainNode(node, sites, kit, context) {
    const { api, signal } = context;
    const deadline = kit.now() + kit.drainTimeoutMinutes * 60_000;
    const returning = returnWatch();
    let told = -1;
    for (;;) {
        const here = (await podsOn(api, node.name, signal)).filter(hasToMove);
        if (here.length === 0)
            return { done: true };
        const bare = here.filter((pod) => kindOf(pod) === 'bare');
        if (bare.length > 0) {
            return {
                done: false,
                why: `no controller would make these pods anew elsewhere: ${(0,words/* listNames */.Zv)(bare.map(podName))}`,
            };
        }
        if (here.length !== told)
            context.log.info(`${node.name}: ${(0,words/* count */.U9)(here.length, 'pod')} to move`);
        told = here.length;
        const back = returning(here);
        if (back.length > 0) {
            return {
                done: false,
                why: `pods tolerate the cordon and come back to ${node.name} as often as they are evicted: ${(0,words/* listNames */.Zv)(back.map(podName))}. Azure moves what is left on a pool within its budgets when it is deleted by hand (az aks nodepool delete)`,
            };
        }
        const inTheWay = await evictSome(here, sites, context);
        if (kit.now() >= deadline)
            return { done: false, why: await whyNotEmpty(node, here, inTheWay, kit, context) };
        await context.sleep(POLL_MS);
    }
}
/** How often a pod that a cordon does not keep out is moved, before it is clear that it comes back. */
const MOST_RETURNS = 5;
/** Tells the pods that took the place of evicted ones so often that moving them is of no use. */
function returnWatch() {
    const known = new Set();
    const atFirst = new Map();
    const later = new Map();
    let first = true;
    return (here) => {
        const tolerant = here.flatMap((pod) => {
            const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
            const uid = pod.metadata.uid ?? '';
            return owner !== undefined && toleratesCordon(pod.spec) && !known.has(uid) ? [{ pod, owner, uid }] : [];
        });
        const counts = first ? atFirst : later;
        first = false;
        for (const { owner, uid } of tolerant) {
            known.add(uid);
            counts.set(owner, (counts.get(owner) ?? 0) + 1);
        }
        return tolerant.flatMap(({ pod, owner }) => (later.get(owner) ?? 0) > MOST_RETURNS * Math.max(1, atFirst.get(owner) ?? 0) ? [pod] : []);
    };
}
async function evictSome(here, sites, { api, signal }) {
    const inTheWay = { waiting: [], budgeted: [], errors: [] };
    inTheWay.waiting = waitingFor(sites, await unboundPods(api, signal));
    if (inTheWay.waiting.length > 0)
        return inTheWay;
    for (const pod of here) {
        if (pod.metadata.deletionTimestamp !== undefined)
            continue;
        const evicted = await evict(api, pod, signal);
        if (evicted.kind === 'budget')
            inTheWay.budgeted.push(pod);
        if (evicted.kind === 'error')
            inTheWay.errors.push(evicted.why);
    }
    return inTheWay;
}
async function whyNotEmpty(node, here, { waiting, budgeted, errors }, kit, { api, signal }) {
    const reasons = [];
    if (waiting.length > 0)
        reasons.push(`pods wait for a place: ${(0,words/* listNames */.Zv)(waiting.map(whyWaiting), 3)}`);
    if (budgeted.length > 0) {
        reasons.push(`disruption budgets do not allow it: ${await blockingBudgets(api, budgeted, signal)}`);
    }
    if (errors.length > 0)
        reasons.push(`evictions are refused: ${(0,words/* listNames */.Zv)(errors, 3)}`);
    if (reasons.length === 0) {
        const back = here.filter(({ spec }) => toleratesCordon(spec));
        const rest = here.filter((pod) => !back.includes(pod));
        if (rest.length > 0)
            reasons.push(`pods do not end: ${(0,words/* listNames */.Zv)(rest.map(podName))}`);
        if (back.length > 0) {
            reasons.push(`pods that tolerate a cordon do not end or come back: ${(0,words/* listNames */.Zv)(back.map(podName))}`);
        }
    }
    return `${node.name} could not be drained within ${kit.drainTimeoutMinutes} minutes (drain-timeout-minutes): ${reasons.join('; ')}`;
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/progress.js

/** Between two lines that say the same but for the time. */
const QUIET_MS = 60_000;
/** Tells how far an operation on a pool is: a line when something moved, and one a minute. */
function teller(pool, kit, context, before = new Set()) {
    let told = '';
    let toldAt = Number.NEGATIVE_INFINITY;
    return async (state, elapsedMs) => {
        const text = `${pool}: ${state}${await nodesText(pool, before, context)}`;
        const now = kit.now();
        if (text === told && now - toldAt < QUIET_MS)
            return;
        told = text;
        toldAt = now;
        context.log.info(`${text}, ${duration(elapsedMs)}`);
    };
}
/** Nodes are told by the way: that they cannot be listed must not end the following of an operation. */
async function nodesText(pool, before, context) {
    try {
        const nodes = await poolNodes(context.api, pool, context.signal);
        const ready = nodes.filter((node) => node.ready).length;
        const renewed = nodes.filter(({ uid }) => !before.has(uid)).length;
        const upgraded = before.size === 0 ? '' : `, ${renewed} renewed`;
        return `, ${ready} of ${nodes.length} nodes ready${upgraded}`;
    }
    catch {
        context.signal.throwIfAborted();
        return '';
    }
}
/** `45 s`, `4 min 10 s`, `1 h 5 min`. */
function duration(ms) {
    const seconds = Math.round(ms / 1000);
    if (seconds < 60)
        return `${seconds} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60)
        return `${minutes} min ${seconds % 60} s`;
    return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/write-pool.js







/** How often a change is decided anew as the pool changed in between, or as other operations ran. */
const MOST_TRIES = 60;
/**
 * Changes a pool: reads it, decides, writes it if it is still the same, and follows the operation to its end.
 * Waits for operations that others run, and decides anew when the pool changed in between.
 */
async function changePool(name, options, kit, context) {
    let sent = false;
    for (let tries = 1;; tries++) {
        try {
            const pool = await settledPool(name, kit, context);
            if (pool === undefined)
                return { kind: 'gone' };
            const body = options.decide(pool);
            if (body === undefined)
                return { kind: 'as-wanted', pool, sent };
            options.sending();
            sent = true;
            const follow = followOptions(kit, context, teller(name, kit, context, options.before));
            const condition = pool.etag === undefined ? {} : { ifMatch: pool.etag };
            await writeAgentPool(kit.arm, pool, body, condition, follow, () => context.log.info(`${name}: Azure has taken the change`));
            const now = await settledPool(name, kit, context);
            if (now === undefined)
                return { kind: 'gone' };
            if (now.state !== undefined && now.state.toLowerCase() !== 'succeeded') {
                const error = new errors/* UserError */.yo(`Azure took the change, and ${name} is ${now.state}.`, {
                    next: 'Look at the node pool in Azure, and run again.',
                });
                return { kind: 'failed', error, pool: now, sent };
            }
            return { kind: 'written', pool: now };
        }
        catch (error) {
            context.signal.throwIfAborted();
            if (error instanceof arm_error/* ArmError */.dW && isOsConfigRefusal(error))
                return { kind: 'not-changeable', error };
            if (tries < MOST_TRIES && isStale(error)) {
                context.log.info(`${name} changed since it was read; it is read again`);
                continue;
            }
            if (tries < MOST_TRIES && isBusy(error)) {
                context.log.info(`${name}: ${(0,errors/* messageOf */.bD)(error)}`);
                await untilFree(name, kit, context);
                continue;
            }
            if (!(error instanceof Error))
                throw error;
            return { kind: 'failed', error, pool: await seen(name, kit, context), sent };
        }
    }
}
/** What a pool is after a change that failed; undefined when it is not known, or something still works on it. */
async function seen(name, kit, { signal }) {
    try {
        const pool = await readAgentPool(kit.arm, kit.cluster, name, { signal });
        return (0,azure_operation/* isSettled */.Is)(pool?.state) ? pool : undefined;
    }
    catch {
        signal.throwIfAborted();
        return undefined;
    }
}
/** A pool on which no operation runs; undefined when there is none of that name. */
async function settledPool(name, kit, context) {
    const { signal } = context;
    for (;;) {
        const pool = await readAgentPool(kit.arm, kit.cluster, name, { signal });
        if (pool === undefined || (0,azure_operation/* isSettled */.Is)(pool.state))
            return pool;
        context.log.info(`${name} is ${pool.state ?? ''}: waiting for the operation that runs on it`);
        const follow = followOptions(kit, context, teller(name, kit, context));
        try {
            await (0,azure_operation/* waitUntilSettled */.D1)(kit.arm, agentPoolPath(kit.cluster, name), follow);
        }
        catch (error) {
            // It can be a deletion that is waited for.
            if (!(error instanceof arm_error/* ArmError */.dW && error.status === 404))
                throw error;
        }
    }
}
/** How long a pool may still be shown once Azure says that its deletion is done. */
const SHOWN_MS = 5 * 60_000;
/**
 * Deletes a pool, and waits until Azure has none of that name any more: that an order was taken, or that its
 * operation ended, is no proof.
 */
async function deletePool(pool, kit, context) {
    const { name } = pool;
    await deleteAgentPool(kit.arm, pool, followOptions(kit, context, teller(name, kit, context)));
    const deadline = kit.now() + SHOWN_MS;
    for (;;) {
        const left = await settledPool(name, kit, context);
        if (left === undefined)
            return;
        if (left.state?.toLowerCase() === 'failed' || kit.now() >= deadline) {
            throw new errors/* UserError */.yo(`Azure says that ${name} was deleted, and still has it (${left.state ?? 'no state'}).`, { next: 'Look at the node pool in Azure, and run again.' });
        }
        await context.sleep(POLL_MS);
    }
}
/** Waits until neither the cluster nor the pool says that something runs on it. */
async function untilFree(name, kit, context) {
    const look = async () => undefined;
    await context.sleep(POLL_MS);
    await (0,azure_operation/* waitUntilSettled */.D1)(kit.arm, (0,managed_cluster/* clusterPath */.Sf)(kit.cluster), followOptions(kit, context, look));
    await settledPool(name, kit, context);
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/retire.js









/**
 * Moves everything from one pool of a pair to the other and deletes it. Both pools stay when the draining is
 * blocked. Right before the deletion all is read again, and it must still be the same two pools.
 */
async function retirePool(pair, kit, context, stage) {
    for (let tries = 1;; tries++) {
        const unready = await whyNotBegun(pair, kit, context);
        if (unready !== undefined)
            return { done: false, why: `${pair.from} is not drained: ${unready}` };
        stage(`${pair.from} is being drained`);
        const drained = await drainPool(pair.from, pair.to, kit, context);
        if (!drained.done)
            return drained;
        const pool = await settledPool(pair.from, kit, context);
        if (pool === undefined)
            return { done: true };
        const may = await mayDelete(pair, kit, context);
        if ('why' in may)
            return { done: false, why: may.why };
        if (!may.now)
            continue;
        stage(`${pair.from} is being deleted`);
        context.log.info(`${pair.from}: nothing but DaemonSet and static pods is left; it is deleted`);
        try {
            await deletePool(may.pool, kit, context);
            return { done: true };
        }
        catch (error) {
            context.signal.throwIfAborted();
            const again = tries < MOST_TRIES && (isStale(error) || isBusy(error));
            if (!again)
                throw error;
            context.log.info(`${pair.from}: the deletion is decided anew, as something changed or runs`);
            await untilFree(pair.from, kit, context);
        }
    }
}
/** Why nothing must be moved yet: pods that are evicted need a place to go. */
async function whyNotBegun(pair, kit, context) {
    const { api, signal } = context;
    const goes = await readAgentPool(kit.arm, kit.cluster, pair.from, { signal });
    if (goes === undefined)
        return undefined;
    const stays = await readAgentPool(kit.arm, kit.cluster, pair.to, { signal });
    if (stays === undefined)
        return `${pair.to} is gone`;
    const nodes = await poolNodes(api, pair.from, signal);
    // An autoscaler adds nodes as soon as pods wait.
    const grows = stays.properties.enableAutoScaling === true;
    return whyNotServing(goes, stays, pair, grows ? 0 : nodes.length, context);
}
/**
 * Looks at everything once more. `now: false`: there is something to move again. Waits, as long as a node may
 * take to drain, for pods that have no place yet.
 */
async function mayDelete(pair, kit, context) {
    const { api, signal } = context;
    const deadline = kit.now() + kit.drainTimeoutMinutes * 60_000;
    for (;;) {
        const pool = await readAgentPool(kit.arm, kit.cluster, pair.from, { signal });
        const stays = await readAgentPool(kit.arm, kit.cluster, pair.to, { signal });
        if (pool === undefined)
            return { now: false };
        const nodes = await poolNodes(api, pair.from, signal);
        const why = stays === undefined
            ? `${pair.to} is gone`
            : await whyNotServing(pool, stays, pair, nodes.length, context);
        if (why !== undefined)
            return { why: `${pair.from} is not deleted: ${why}` };
        const waiting = waitingFor(nodes, await unboundPods(api, signal));
        if (waiting.length === 0) {
            const here = new Set(nodes.map((node) => node.name));
            const left = (await listPods(api, signal)).filter((pod) => here.has(pod.spec.nodeName ?? '') && hasToMove(pod));
            if (left.length === 0)
                return { now: true, pool };
            context.log.info(`${pair.from} has pods again: ${(0,words/* listNames */.Zv)(left.map(podName))}`);
            return { now: false };
        }
        if (kit.now() >= deadline) {
            return {
                why: `${pair.from} is not deleted: pods wait for a place: ${(0,words/* listNames */.Zv)(waiting.map(whyWaiting), 3)}`,
            };
        }
        context.log.info(`${pair.from}: waiting for pods without a place: ${(0,words/* listNames */.Zv)(waiting.map(podName), 3)}`);
        await context.sleep(POLL_MS);
    }
}
/** Why the other pool does not serve in the place of this one, or is not the one that it shall be. */
async function whyNotServing(goes, stays, pair, nodesThatGo, { api, signal }) {
    const successor = pair.successor === stays.name ? stays : goes;
    const predecessor = successor === stays ? goes : stays;
    const lineage = lineageOf(successor);
    const own = await poolNodes(api, predecessor.name, signal);
    if (lineage === undefined || !isSame(lineage, predecessor, own)) {
        return `${predecessor.name} is not the pool that ${successor.name} was made for`;
    }
    if (stays.state?.toLowerCase() !== 'succeeded')
        return `${stays.name} is ${stays.state ?? 'in an unknown state'}`;
    if ((0,arm_error/* text */.Qq)(goes.properties.mode) === 'System' && (0,arm_error/* text */.Qq)(stays.properties.mode) !== 'System') {
        return `${stays.name} is no system pool`;
    }
    if (nodesThatGo === 0)
        return undefined;
    const serving = (await poolNodes(api, stays.name, signal)).filter(({ ready, cordoned }) => ready && !cordoned);
    return serving.length === 0 ? `no node of ${stays.name} is ready and takes pods` : undefined;
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/verify.js



/** Whether every one of these nodes has a setting, as the auditor read them. */
function onNodes(setting, wanted, results) {
    const sysctl = OS_SETTINGS[setting]?.sysctl;
    const value = parsedValue(setting, wanted);
    if (sysctl === undefined || value === undefined || setting === UNSAFE_SYSCTLS)
        return { kind: 'not-read' };
    const unread = [];
    const wrong = [];
    let readable = true;
    for (const result of results) {
        if (result.kind !== 'read') {
            unread.push(`${result.node.name} (${result.why})`);
            continue;
        }
        const present = measuredText(result, setting, sysctl);
        if (present === undefined)
            readable = false;
        else if (present.unknown !== undefined)
            unread.push(`${result.node.name} (${present.unknown})`);
        else if (!covers(setting, fromKernel(setting, present.text), value)) {
            wrong.push({ node: result.node.name, value: present.text });
        }
    }
    if (!readable)
        return { kind: 'not-read' };
    if (wrong.length > 0) {
        const nodes = (0,words/* listNames */.Zv)(wrong.map(({ node, value }) => `${node} has ${value}`));
        return { kind: 'missing', value: wrong[0]?.value, why: `the nodes do not carry it: ${nodes}` };
    }
    if (unread.length > 0) {
        return { kind: 'missing', value: undefined, why: `nodes could not be read: ${(0,words/* listNames */.Zv)(unread, 3)}` };
    }
    return { kind: 'carried', nodes: results.length };
}
/** A value of the kernel as text; undefined when the probe does not read that sysctl. */
function measuredText({ reading }, setting, sysctl) {
    if (setting === 'netIpv4IpLocalPortRange') {
        const { localPortRange: range } = reading;
        return (0,node_reading/* isKnown */.qE)(range) ? { text: `${range.value.first} ${range.value.last}` } : range;
    }
    const measured = new Map(Object.entries(reading.sysctls)).get(sysctl);
    if (measured === undefined)
        return undefined;
    return (0,node_reading/* isKnown */.qE)(measured) ? { text: `${measured.value}` } : measured;
}
/** What a value of the kernel is in the terms of Azure. */
function fromKernel(setting, text) {
    const kind = OS_SETTINGS[setting]?.kind;
    return kind === 'number' ? Number(text) : kind === 'boolean' ? text === '1' : text;
}
/**
 * Holds what was changed against the nodes: a change is one only when every node of the pool has it.
 * @param results what was read of the nodes that the pool has now; none: the pool is empty.
 */
function proved(change, results) {
    if (!['changed', 'unchanged'].includes(change.outcome) || change.wanted === null)
        return change;
    if (results.length === 0) {
        return { ...change, why: joinWhy(change.why, 'the pool has no node to verify it on; later nodes get it') };
    }
    const found = onNodes(change.setting, change.wanted, results);
    switch (found.kind) {
        case 'carried':
            return { ...change, after: change.wanted };
        case 'not-read':
            return { ...change, why: joinWhy(change.why, 'Azure has it; it is not read on the nodes') };
        case 'missing': {
            const outcome = found.value === undefined ? 'unproven' : 'failed';
            return { ...change, after: found.value, outcome, why: `Azure has it, but ${found.why}` };
        }
    }
}
function joinWhy(why, more) {
    return why === undefined ? more : `${why}; ${more}`;
}
/** Reads nodes by name again; those of `gone` are read too, so that they are known to have left. */
async function readByName(names, gone, context) {
    const all = [...new Set([...names, ...gone])];
    if (all.length === 0)
        return [];
    const results = await context.readAgain(all);
    const byName = new Map(results.map((result) => [result.node.name, result]));
    return names.map((name) => byName.get(name) ?? unread(name));
}
function unread(name) {
    const node = { name, pool: '', os: '', ready: false, schedulable: false, taints: [] };
    return { kind: 'unread', node, why: 'it was not read again' };
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/successor.js













/** Makes the successor of a pool, or finds the one that an earlier run made of it. */
async function makeSuccessor(of, name, settings, kit, context, stage) {
    for (let tries = 1;; tries++) {
        const present = await settledPool(name, kit, context);
        if (present !== undefined && !(await isOurs(present, of, context))) {
            return {
                why: `there is a pool ${name} that was not made for this ${of.name}; it is not touched`,
                theirs: true,
            };
        }
        const state = present?.state?.toLowerCase();
        if (present !== undefined && state === 'succeeded')
            return { pool: present };
        if (present !== undefined) {
            // What an earlier run left of a successor that did not come about.
            const { removed, text } = await removeUnfit(name, of, kit, context);
            if (!removed || tries >= MOST_TRIES)
                return { why: `${name} is ${present.state ?? 'in an unknown state'}; ${text}` };
            context.log.info(`${text}, as it was ${present.state ?? 'in an unknown state'}`);
        }
        stage(`${name} is being made`);
        const predecessor = await readAgentPool(kit.arm, kit.cluster, of.name, { signal: context.signal });
        if (predecessor === undefined)
            return { why: `${of.name} is gone` };
        const nodes = await poolNodes(context.api, of.name, context.signal);
        const body = successorBody(predecessor, settings, lineageTags(predecessor, nodes));
        context.log.info(`${name}: making a pool of the shape of ${of.name}`);
        const follow = followOptions(kit, context, teller(name, kit, context));
        try {
            await writeAgentPool(kit.arm, { path: agentPoolPath(kit.cluster, name) }, body, { ifNoneMatch: '*' }, follow);
        }
        catch (error) {
            context.signal.throwIfAborted();
            // An order whose answer was lost is found by the next look.
            if (tries < MOST_TRIES && (isStale(error) || isBusy(error))) {
                await untilFree(of.name, kit, context);
                continue;
            }
            if (!(error instanceof Error))
                throw error;
            const said = kit.explain(error, `The node pool ${name} could not be made`);
            return { why: said instanceof Error ? said.message : error.message };
        }
    }
}
/** Whether a pool was made to replace this very pool. */
async function isOurs(pool, of, context) {
    const lineage = lineageOf(pool);
    return lineage !== undefined && isSame(lineage, of, await poolNodes(context.api, of.name, context.signal));
}
/** Waits until the nodes of a successor are ready, and reads them: why they do not serve, undefined when they do. */
async function whyUnfit(name, needsNodes, kit, context) {
    const deadline = kit.now() + READY_MS;
    let told = '';
    for (;;) {
        const pool = await readAgentPool(kit.arm, kit.cluster, name, { signal: context.signal });
        if (pool === undefined)
            return `${name} is gone`;
        const count = typeof pool.properties.count === 'number' ? pool.properties.count : 0;
        const expected = Math.max(count, needsNodes ? 1 : 0);
        const nodes = await poolNodes(context.api, name, context.signal);
        const ready = nodes.filter((node) => node.ready);
        if (ready.length >= expected && ready.length === nodes.length) {
            const names = nodes.map((node) => node.name);
            const wrong = await whyWrong(pool, names, context);
            if (wrong === undefined)
                context.log.info(`${name}: ${ready.length} nodes are ready and as configured`);
            return wrong;
        }
        const text = `${name}: ${ready.length} of ${expected} nodes ready`;
        if (text !== told)
            context.log.info(text);
        told = text;
        if (kit.now() >= deadline)
            return `${ready.length} of ${expected} nodes of ${name} were ready after ${READY_MS / 60_000} minutes`;
        await context.sleep(POLL_MS);
    }
}
/** Holds the nodes against the configuration of their pool. */
async function whyWrong({ name, properties }, nodes, context) {
    if (nodes.length === 0)
        return undefined;
    const results = await readByName(nodes, [], context);
    const unread = results.filter(({ kind }) => kind !== 'read');
    if (unread.length > 0)
        return `nodes of ${name} could not be read: ${(0,words/* listNames */.Zv)(unread.map(({ node }) => node.name))}`;
    const config = Object.keys(sysctlsOf(properties));
    for (const setting of config) {
        const wanted = os_settings_written(presentSetting(properties, setting));
        const found = wanted === null ? undefined : onNodes(setting, wanted, results);
        if (found?.kind === 'missing')
            return `${setting} of ${name}: ${found.why}`;
    }
    return undefined;
}
function sysctlsOf(properties) {
    const os = properties.linuxOSConfig;
    return os?.sysctls ?? {};
}
/**
 * Takes a successor away that did not come about: only if it was made for this very pool and nothing runs on it.
 * Says what became of it.
 */
async function removeUnfit(name, of, kit, context, tries = 1) {
    const { api, signal } = context;
    const pool = await settledPool(name, kit, context);
    if (pool === undefined)
        return { removed: true, text: `${name} is not there` };
    if (!(await isOurs(pool, of, context)))
        return { removed: false, text: `${name} is not ours and stays` };
    const nodes = await poolNodes(api, name, signal);
    for (const node of nodes.filter(({ cordoned }) => !cordoned))
        await cordon(api, node, name, signal);
    const here = new Set(nodes.map((node) => node.name));
    const work = (await listPods(api, signal)).filter((pod) => here.has(pod.spec.nodeName ?? '') && hasToMove(pod));
    if (work.length > 0) {
        await uncordonFor(name, name, context);
        return { removed: false, text: `${name} stays, as pods run on it: ${(0,words/* listNames */.Zv)(work.map(podName))}` };
    }
    try {
        await deletePool(pool, kit, context);
        return { removed: true, text: `${name} was removed` };
    }
    catch (error) {
        signal.throwIfAborted();
        if (tries < MOST_TRIES && (isStale(error) || isBusy(error))) {
            await untilFree(name, kit, context);
            return removeUnfit(name, of, kit, context, tries + 1);
        }
        // A successor that stays must be able to take pods: the next run may find nothing wrong with it.
        await uncordonFor(name, name, context);
        const said = kit.explain(error, `${name} could not be removed`);
        return { removed: false, text: said instanceof Error ? said.message : `${name} could not be removed` };
    }
}
/** Lets pods on the nodes of a pool again that were cordoned for a successor. Returns their names. */
async function uncordonFor(name, successor, context) {
    const nodes = await poolNodes(context.api, name, context.signal);
    const ours = nodes.filter(({ cordonedFor }) => cordonedFor === successor);
    for (const node of ours)
        await uncordon(context.api, node, context.signal);
    return ours.map((node) => node.name);
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/replace.js







/**
 * Replaces a pool: makes its successor, waits until that serves, moves the pods, deletes the pool. Every stage
 * is found in Azure and Kubernetes again, so that a run that was ended is gone on with by the next one.
 */
async function replacePool(replacement, kit, context) {
    const { name, successor, steps } = replacement;
    const tell = (make) => {
        const changes = steps.map(make);
        for (const change of changes)
            context.record(change);
        return changes;
    };
    const stage = (text) => void tell((step) => (0,record/* changeOf */.C2)(step, 'unproven', `the replacement of ${name} by ${successor} has not ended: ${text}`));
    let end;
    try {
        end = await replace_carryOut(replacement, kit, context, stage);
    }
    catch (error) {
        context.signal.throwIfAborted();
        const said = kit.explain(error, `The replacement of ${name} stopped`);
        const why = said instanceof Error ? said.message : String(said);
        end = {
            done: false,
            why: `${why} Both pools stay as they are; the next run goes on.`,
            pools: [name, successor],
        };
    }
    if (end.done)
        return tell((step) => ({ ...(0,record/* changeOf */.C2)(step, 'changed', step.why), after: step.to }));
    const { why, pools } = end;
    context.log.warning(`${name} is not replaced: ${why}`);
    return tell((step) => step.setting === POOL
        ? { ...(0,record/* changeOf */.C2)(step, 'failed', why), after: pools.join(' ') }
        : (0,record/* changeOf */.C2)(step, 'skipped', `${name} is not replaced`));
}
async function replace_carryOut({ name, successor, settings }, kit, context, stage) {
    const pool = await settledPool(name, kit, context);
    if (pool === undefined) {
        // An earlier run had ordered its deletion.
        const heir = await settledPool(successor, kit, context);
        const done = heir !== undefined && lineageOf(heir)?.predecessor === name;
        return done ? { done } : { done: false, why: `${name} is gone`, pools: [] };
    }
    const hasNodes = (await poolNodes(context.api, name, context.signal)).length > 0;
    const made = await makeSuccessor(pool, successor, settings, kit, context, stage);
    if (made.pool === undefined && made.theirs)
        return { done: false, why: made.why, pools: [name] };
    stage(`${successor} is there and its nodes are awaited`);
    // A run that ended while it removed the successor left its nodes cordoned.
    if (made.pool !== undefined)
        await uncordonFor(successor, successor, context);
    const unfit = made.pool === undefined ? made.why : await whyUnfit(successor, hasNodes, kit, context);
    if (unfit !== undefined) {
        const { removed, text } = await removeUnfit(successor, pool, kit, context);
        const open = await uncordonFor(name, successor, context);
        const left = open.length > 0 ? ` and ${name} takes pods again` : `, and nothing of ${name} was touched`;
        return {
            done: false,
            why: `${unfit}. ${removed ? `${text}${left}.` : text}`,
            pools: removed ? [name] : [name, successor],
        };
    }
    const retired = await retirePool({ from: name, to: successor, successor }, kit, context, stage);
    if (retired.done)
        return { done: true };
    const nodes = await poolNodes(context.api, name, context.signal);
    const closed = nodes.some(({ cordonedFor }) => cordonedFor === successor);
    const left = closed ? `the nodes of ${name} take no new pods` : `nothing of ${name} was touched`;
    const why = `${retired.why}. Both pools are there, ${left}; run again to go on, or with fix: restore to go back`;
    return { done: false, why, pools: [name, successor] };
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/undo-plan.js











function isPoolItem(item) {
    return item.target.kind === 'node-pool';
}
/** The steps that put pools back. Looks, decides, changes nothing. */
async function planUndo(items, kit, context) {
    const steps = [];
    for (const [name, own] of Map.groupBy(items, ({ target }) => target.name)) {
        const replaced = own.find(({ setting }) => setting === POOL);
        steps.push(...(replaced === undefined
            ? await undoSettings(name, own, kit, context)
            : await undoReplacement(name, replaced, own, kit, context)));
    }
    return steps;
}
function stepOf(name, setting, rest) {
    return { remedy: 'restore', target: { kind: 'node-pool', name }, setting, ...rest };
}
/** Settings go back only where they still are as the fix wrote them. */
async function undoSettings(name, items, kit, { signal }) {
    const pool = await readAgentPool(kit.arm, kit.cluster, name, { signal });
    return items.map(({ setting, before, wrote }) => {
        const decide = (intent, from, why) => stepOf(name, setting, { from, to: before ?? null, intent, ...(why && { why }) });
        if (before === undefined)
            return decide('refuse', undefined, 'the report does not say what it was before');
        if (!isValue(setting, before))
            return decide('refuse', undefined, 'it is no value that AKS takes');
        if (pool === undefined)
            return decide('skip', undefined, 'the pool is gone');
        const present = os_settings_written(presentSetting(pool.properties, setting));
        if (present === before)
            return decide('skip', present, 'it is as it was before');
        return present === wrote
            ? decide('change', present)
            : decide('skip', present, 'somebody changed it since the fix');
    });
}
/** The report is not trusted: only what AKS has, with values that it takes, is sent to it. */
function isValue(setting, value) {
    const known = setting === UNSAFE_SYSCTLS || Object.hasOwn(OS_SETTINGS, setting);
    if (!known || value === null)
        return known;
    const parsed = parsedValue(setting, value);
    if (Array.isArray(parsed))
        return parsed.every(isUnsafeSysctl);
    const limits = OS_SETTINGS[setting];
    if (limits?.kind === 'number' && typeof parsed === 'number') {
        return parsed >= limits.least && parsed <= limits.most;
    }
    // AKS writes 1 for false on some nodes.
    return parsed !== undefined && parsed !== false;
}
/** The successor that a fix meant, whatever it left there. */
function successorIn(name, { wrote }) {
    return (wrote ?? '').split(' ').find((each) => each !== '' && each !== name);
}
async function undoReplacement(name, item, items, kit, context) {
    const heir = successorIn(name, item);
    const only = (intent, from, why) => [
        stepOf(name, POOL, { from, to: name, intent, why }),
    ];
    if (heir === undefined)
        return only('skip', name, 'the report names no successor');
    const found = await situation(name, heir, kit, context);
    switch (found.kind) {
        case 'none':
            return only('refuse', undefined, `neither ${name} nor ${heir} is there`);
        case 'strangers':
            return only('refuse', undefined, `${heir} was not made to replace this ${name}; both are left alone`);
        case 'old':
            return found.cordoned.length === 0
                ? only('skip', name, `${heir} is not there, and the nodes of ${name} take pods`)
                : only('change', name, `${(0,words/* listNames */.Zv)(found.cordoned)} take pods again`);
        case 'both': {
            const why = await whyNotDrained(heir, name, context);
            return why === undefined
                ? only('change', `${name} ${heir}`, `${name} takes pods again, ${heir} is drained and deleted`)
                : only('refuse', `${name} ${heir}`, why);
        }
        case 'new': {
            const why = await whyNotDrained(heir, name, context);
            if (why !== undefined)
                return only('refuse', heir, why);
            const known = items.filter(({ setting }) => setting !== POOL);
            if (known.length === 0)
                return only('refuse', heir, `the report does not say what ${name} had`);
            const bad = known.filter(({ setting, before }) => before === undefined || !isValue(setting, before));
            if (bad.length > 0) {
                return only('refuse', heir, `what ${name} had of ${bad[0]?.setting ?? ''} is not known or is no value that AKS takes`);
            }
            const settings = known.map(({ setting, before }) => {
                const from = os_settings_written(presentSetting(found.successor.properties, setting));
                return stepOf(name, setting, { from, to: before ?? null, intent: 'change' });
            });
            return [...settings, ...only('change', heir, `${name} is made again, ${heir} is drained and deleted`)];
        }
    }
}
async function whyNotDrained(pool, to, { api, signal }) {
    const missing = (await missingDrainRights(api, signal)).map((right) => `the right ${right} is missing`);
    if (missing.length > 0)
        return (0,words/* listNames */.Zv)(missing);
    const { blockers } = await tiesOf(api, await poolNodes(api, pool, signal), to, signal, false);
    return blockers.length === 0 ? undefined : `${pool} cannot be drained: ${(0,words/* listNames */.Zv)(blockers, 6)}`;
}
async function situation(name, heir, kit, context) {
    const { signal } = context;
    const pool = await readAgentPool(kit.arm, kit.cluster, name, { signal });
    const successor = await readAgentPool(kit.arm, kit.cluster, heir, { signal });
    if (pool === undefined) {
        const ours = successor !== undefined && lineageOf(successor)?.predecessor === name;
        return ours ? { kind: 'new', successor } : { kind: 'none' };
    }
    if (successor === undefined) {
        const nodes = await poolNodes(context.api, name, signal);
        const cordoned = nodes.filter(({ cordonedFor }) => cordonedFor === heir).map((node) => node.name);
        return { kind: 'old', pool, cordoned };
    }
    if (await isOurs(successor, pool, context))
        return { kind: 'both', pool, successor };
    // An earlier run had begun to make the old pool again, to replace the successor by it.
    return (await isOurs(pool, successor, context)) ? { kind: 'new', successor } : { kind: 'strangers' };
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/undo.js












/** Does the change steps, pool by pool. */
async function applyUndo(steps, kit, context) {
    const wanted = steps.filter(({ intent }) => intent === 'change');
    const changes = [];
    for (const [name, own] of Map.groupBy(wanted, ({ target }) => target.name)) {
        const replaced = own.find(({ setting }) => setting === POOL);
        changes.push(...(replaced === undefined
            ? await putBack(name, own, kit, context)
            : await goBack(name, replaced, own, kit, context)));
    }
    return changes;
}
function told(changes, context) {
    for (const change of changes)
        context.record(change);
    return changes;
}
function settingsOf(steps) {
    return Object.fromEntries(steps
        .filter(({ setting }) => setting !== POOL)
        .map(({ setting, to }) => [setting, to === null ? null : (parsedValue(setting, to) ?? null)]));
}
async function putBack(name, steps, kit, context) {
    const settings = settingsOf(steps);
    const differs = (pool) => steps.some(({ setting, to }) => os_settings_written(presentSetting(pool.properties, setting)) !== to);
    const moved = (pool) => steps.some(({ setting, from, to }) => {
        const present = os_settings_written(presentSetting(pool.properties, setting));
        return present !== from && present !== to;
    });
    let changed = false;
    const result = await changePool(name, {
        decide: (pool) => {
            changed = moved(pool);
            return changed || !differs(pool) ? undefined : exactBody(pool, settings);
        },
        sending: () => void told(steps.map((step) => (0,record/* changeOf */.C2)(step, 'unproven', 'the change was sent to Azure')), context),
        before: new Set(),
    }, kit, context);
    return told(steps.map((step) => {
        if (changed)
            return (0,record/* changeOf */.C2)(step, 'skipped', 'somebody changed it since the plan');
        if (result.kind === 'written' || result.kind === 'as-wanted') {
            const after = os_settings_written(presentSetting(result.pool.properties, step.setting));
            if (after === step.to)
                return { ...(0,record/* changeOf */.C2)(step, 'changed'), after };
            const why = 'Azure says that the change is done, yet the pool does not have it';
            return { ...(0,record/* changeOf */.C2)(step, 'failed', why), after };
        }
        if (result.kind === 'not-changeable') {
            return (0,record/* changeOf */.C2)(step, 'refused', `AKS does not change it on a pool that exists (${result.error.code})`);
        }
        return (0,record/* changeOf */.C2)(step, 'failed', result.kind === 'gone' ? 'the pool is gone' : result.error.message);
    }), context);
}
async function goBack(name, step, steps, kit, context) {
    const heir = [...(step.from ?? '').split(' '), ...(step.to ?? '').split(' ')].find((each) => each !== name);
    if (heir === undefined || heir === '') {
        const open = await uncordonAny(name, context);
        return told([{ ...(0,record/* changeOf */.C2)(step, 'changed', `${(0,words/* listNames */.Zv)(open)} take pods again`), after: name }], context);
    }
    await settledPool(name, kit, context);
    const found = await situation(name, heir, kit, context);
    if (found.kind === 'new') {
        const settings = { exact: settingsOf(steps) };
        return replacePool({ name: heir, successor: name, settings, steps }, kit, context);
    }
    if (found.kind !== 'both' && found.kind !== 'old') {
        return told([(0,record/* changeOf */.C2)(step, 'failed', `${heir} is no successor of ${name} any more`)], context);
    }
    told([(0,record/* changeOf */.C2)(step, 'unproven', `${name} takes pods again, ${heir} is not deleted yet`)], context);
    await uncordonFor(name, heir, context);
    if (found.kind === 'old')
        return told([{ ...(0,record/* changeOf */.C2)(step, 'changed'), after: name }], context);
    const retired = await retirePool({ from: heir, to: name, successor: heir }, kit, context, () => { });
    return told([
        retired.done
            ? { ...(0,record/* changeOf */.C2)(step, 'changed', step.why), after: name }
            : { ...(0,record/* changeOf */.C2)(step, 'failed', `${retired.why}. Both pools are there`), after: `${name} ${heir}` },
    ], context);
}
/** Lets pods on all nodes of a pool again that this action cordoned. */
async function uncordonAny(name, context) {
    const nodes = await poolNodes(context.api, name, context.signal);
    const heirs = new Set(nodes.flatMap(({ cordonedFor }) => cordonedFor ?? []));
    const open = [];
    for (const heir of heirs)
        open.push(...(await uncordonFor(name, heir, context)));
    return open;
}
/** Plans and does it in one, for the verb of the remedy. */
async function undoPools(changes, kit, context) {
    const steps = await planUndo(itemsOf(changes), kit, context);
    return [...told((0,record/* notDone */.Gj)(steps), context), ...(await applyUndo(steps, kit, context))];
}
function itemsOf(changes) {
    const replaced = new Set(changes.flatMap(({ target, setting }) => target.kind === 'node-pool' && setting === POOL ? target.name : []));
    return changes.flatMap(({ target, setting, before, wanted, after, outcome }) => {
        if (target.kind !== 'node-pool')
            return [];
        const tried = outcome === 'changed' || outcome === 'unproven' || (outcome === 'failed' && after !== undefined);
        // A replacement that did not end says of its settings what they were all the same.
        const known = setting !== POOL && replaced.has(target.name);
        return tried || known ? [{ target, setting, before, wrote: after === undefined ? wanted : after }] : [];
    });
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/update.js







/**
 * Changes the configuration of a pool that exists, as far as AKS does that. Resolves with one change for each
 * step; `changed` and `unchanged` say what ARM has, the nodes are looked at by verify.
 */
async function updatePool(name, steps, kit, context) {
    const values = wantedValues(steps, name);
    const tell = (make) => {
        const changes = steps.map(make);
        for (const change of changes)
            context.record(change);
        return changes;
    };
    const nodes = await poolNodes(context.api, name, context.signal);
    const written = await changePool(name, {
        decide: (pool) => (hasAll(pool.properties, values) ? undefined : updateBody(pool, values)),
        sending: () => void tell((step) => (0,record/* changeOf */.C2)(step, 'unproven', 'the change was sent to Azure and has not ended')),
        before: new Set(nodes.map(({ uid }) => uid)),
    }, kit, context);
    const lacking = written.kind === 'written' && !hasAll(written.pool.properties, values);
    if (lacking) {
        const why = 'Azure says that the change is done, yet the pool does not have it';
        return tell((step) => (0,record/* changeOf */.C2)(step, 'failed', why));
    }
    if (written.kind === 'not-changeable')
        for (const way of waysOn(name))
            context.log.warning(way);
    return tell((step) => ({
        ...(0,record/* changeOf */.C2)(step, outcomeOf(written), whyOf(written, step, kit)),
        after: afterOf(written, step),
    }));
}
function outcomeOf(written) {
    switch (written.kind) {
        case 'written':
            return 'changed';
        case 'as-wanted':
            return written.sent ? 'changed' : 'unchanged';
        case 'not-changeable':
            return 'refused';
        case 'gone':
            return 'failed';
        case 'failed':
            return written.sent && written.pool === undefined ? 'unproven' : 'failed';
    }
}
function whyOf(written, step, kit) {
    switch (written.kind) {
        case 'written':
            return step.why;
        case 'as-wanted':
            return written.sent ? step.why : 'the pool had it by then';
        case 'not-changeable':
            return `AKS does not change it on a pool that exists (${written.error.code}); node-pool-strategy: replace makes a new pool with it, fix: daemonset writes it on every node`;
        case 'gone':
            return 'the pool is gone';
        case 'failed': {
            const failed = `The node pool ${step.target.name} could not be changed`;
            const said = kit.explain(written.error, failed);
            return said instanceof Error ? said.message : written.error.message;
        }
    }
}
/** What the pool has now, where that is known. */
function afterOf(written, step) {
    if (written.kind === 'written' || written.kind === 'as-wanted')
        return step.to;
    if (written.kind === 'not-changeable')
        return step.from;
    if (written.kind !== 'failed' || written.pool === undefined)
        return undefined;
    return os_settings_written(presentSetting(written.pool.properties, step.setting));
}

;// CONCATENATED MODULE: ./lib/remedy/node-pool/node-pool.js











/**
 * Writes connection-tracking and TCP settings into the configuration of node pools in Azure, so that every node
 * has them, now and later.
 * @throws UserError for inputs that AKS would not take.
 */
function nodePool(options) {
    const kit = kitOf(options);
    return {
        id: 'node-pool',
        plan: (context) => planNodePools(kit, context),
        apply: (plan, context) => apply(plan, kit, context),
        verify: (changes, context) => verify(changes, context),
        undo: (changes, context) => undoPools(changes, kit, context),
    };
}
/** Puts pools back for the remedy restore. @throws UserError for inputs that AKS would not take. */
function poolRestorer(options) {
    const kit = kitOf(options);
    return {
        plan: (items, context) => planUndo(items.filter(isPoolItem), kit, context),
        apply: (steps, context) => applyUndo(steps.filter(isPoolStep), kit, context),
    };
}
function isPoolStep(step) {
    return step.target.kind === 'node-pool';
}
/** One pool at a time. A pool that fails ends it: what went wrong there would likely go wrong at the next one. */
async function apply(plan, kit, context) {
    const steps = plan.steps.filter(isPoolStep).filter(({ intent }) => intent === 'change');
    const changes = [];
    let failed;
    for (const [name, own] of Map.groupBy(steps, ({ target }) => target.name)) {
        if (failed !== undefined) {
            const why = `it was not tried, as ${failed} went wrong`;
            const left = own.map((step) => (0,record/* changeOf */.C2)(step, 'refused', why));
            for (const change of left)
                context.record(change);
            changes.push(...left);
            continue;
        }
        const done = await one(name, own, kit, context);
        if (done.some(({ outcome }) => ['failed', 'refused', 'unproven'].includes(outcome)))
            failed = name;
        changes.push(...done);
    }
    return changes;
}
function one(name, steps, kit, context) {
    const successor = steps.find(({ setting }) => setting === POOL)?.to;
    if (!successor)
        return updatePool(name, steps, kit, context);
    const settings = { raise: wantedValues(steps, name) };
    return replacePool({ name, successor, settings, steps }, kit, context);
}
/** Reads the nodes of the pools by which the changes are proved, and those that they took the place of. */
async function verify(changes, context) {
    const verified = [];
    for (const [name, own] of Map.groupBy(changes, ({ target }) => ('name' in target ? target.name : ''))) {
        if (!own.some(({ outcome }) => outcome === 'changed' || outcome === 'unchanged')) {
            verified.push(...own);
            continue;
        }
        const heir = own.find(({ setting }) => setting === POOL)?.after ?? name;
        const nodes = await poolNodes(context.api, heir, context.signal);
        const before = context.nodes.filter(({ node }) => node.pool === name).map(({ node }) => node.name);
        const results = await readByName(nodes.map((node) => node.name), before, context);
        verified.push(...own.map((change) => (change.setting === POOL ? change : proved(change, results))));
    }
    return verified;
}


/***/ })

};
