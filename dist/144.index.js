export const id = 144;
export const ids = [144];
export const modules = {

/***/ 70636:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   C0: () => (/* binding */ findPost),
/* harmony export */   CD: () => (/* binding */ attempt),
/* harmony export */   Kd: () => (/* binding */ pullRequestNumber),
/* harmony export */   Sv: () => (/* binding */ connectGithub)
/* harmony export */ });
/* harmony import */ var node_fs__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(73024);
/* harmony import */ var _errors_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(452);


/** Deadline of one call to GitHub in milliseconds. */
const CALL_TIMEOUT = 20_000;
const PAGE = 100;
const MOST_PAGES = 10;
/**
 * Makes a client. The library is loaded only here, as few runs need it.
 * @throws when the environment names no repository.
 */
async function connectGithub({ token, env = process.env }) {
    const [owner, repo] = (env.GITHUB_REPOSITORY ?? '').split('/');
    if (!owner || !repo)
        throw new Error('$GITHUB_REPOSITORY does not name a repository');
    const { getOctokit } = await __webpack_require__.e(/* import() */ 413).then(__webpack_require__.bind(__webpack_require__, 92413));
    const octokit = getOctokit(token, {
        baseUrl: env.GITHUB_API_URL ?? 'https://api.github.com',
        // Failed calls are told once and as a warning; the library would print each of them besides.
        log: { debug: () => { }, info: () => { }, warn: () => { }, error: () => { } },
    });
    const call = () => ({ request: { signal: AbortSignal.timeout(CALL_TIMEOUT) } });
    return { octokit, repo: { owner, repo }, call };
}
/** The number of the pull request that the run belongs to; undefined for other events. */
function pullRequestNumber(env = process.env) {
    if (!env.GITHUB_EVENT_PATH)
        return undefined;
    const event = JSON.parse((0,node_fs__WEBPACK_IMPORTED_MODULE_0__.readFileSync)(env.GITHUB_EVENT_PATH, 'utf8'));
    const number = event.pull_request?.number;
    return typeof number === 'number' ? number : undefined;
}
/** The first post with the marker that a bot or a member wrote; pages are asked for until it is found. */
async function findPost(page, marker) {
    for (let number = 1; number <= MOST_PAGES; number++) {
        const posts = await page(number, PAGE);
        const found = posts.find((post) => post.body?.startsWith(marker) === true && isTrusted(post));
        if (found !== undefined || posts.length < PAGE)
            return found;
    }
    return undefined;
}
/** Anybody can write a comment with the marker in it; only ours is written over. */
function isTrusted({ user, author_association: association }) {
    return user?.type === 'Bot' || ['OWNER', 'MEMBER', 'COLLABORATOR'].includes(association ?? '');
}
/**
 * Does what need not succeed: a failure is a warning and changes nothing else. One for want of rights names
 * the permission that the job lacks.
 */
async function attempt(what, permission, log, work) {
    try {
        await work();
    }
    catch (error) {
        const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
        const lacking = status === 403 || status === 404;
        const next = lacking ? ` Add "permissions: ${permission}: write" to the job.` : '';
        log.warning(`${what} was not written: ${(0,_errors_js__WEBPACK_IMPORTED_MODULE_1__/* .messageOf */ .bD)(error)}.${next} The verdict is not affected.`);
    }
}


/***/ }),

/***/ 43144:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   syncIssue: () => (/* binding */ syncIssue)
/* harmony export */ });
/* harmony import */ var _report_sticky_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(44215);
/* harmony import */ var _client_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(70636);


/** Label by which the issues are listed; it is made with the first of them. */
const LABEL = 'aks-connection-health';
/**
 * Keeps one open issue for a cluster that is not well: opened by the first run that finds it so, written over
 * by every later one, closed with a comment by the run that finds it well. Needs `issues: write`. Never rejects.
 */
async function syncIssue(report, options, log) {
    await (0,_client_js__WEBPACK_IMPORTED_MODULE_1__/* .attempt */ .CD)('The issue', 'issues', log, async () => {
        const github = await (0,_client_js__WEBPACK_IMPORTED_MODULE_1__/* .connectGithub */ .Sv)(options);
        const wanted = (0,_report_sticky_js__WEBPACK_IMPORTED_MODULE_0__/* .issueText */ .v4)(report);
        const open = await (0,_client_js__WEBPACK_IMPORTED_MODULE_1__/* .findPost */ .C0)((page, size) => openIssues(github, page, size), wanted.marker);
        if (!(0,_report_sticky_js__WEBPACK_IMPORTED_MODULE_0__/* .isAlarm */ .Ic)(report)) {
            if (open !== undefined)
                await close(github, open.number, (0,_report_sticky_js__WEBPACK_IMPORTED_MODULE_0__/* .recoveryText */ .Vi)(report), log);
            return;
        }
        const { octokit, repo, call } = github;
        const { title, body } = wanted;
        const written = open === undefined
            ? await octokit.rest.issues.create({ ...repo, title, body, labels: [LABEL], ...call() })
            : await octokit.rest.issues.update({ ...repo, issue_number: open.number, title, body, ...call() });
        log.info(`Issue ${open === undefined ? 'opened' : 'brought up to date'}: ${written.data.html_url}`);
    });
}
async function openIssues({ octokit, repo, call }, page, size) {
    const { data } = await octokit.rest.issues.listForRepo({
        ...repo,
        state: 'open',
        labels: LABEL,
        page,
        per_page: size,
        ...call(),
    });
    return data;
}
async function close({ octokit, repo, call }, number, body, log) {
    await octokit.rest.issues.createComment({ ...repo, issue_number: number, body, ...call() });
    await octokit.rest.issues.update({
        ...repo,
        issue_number: number,
        state: 'closed',
        state_reason: 'completed',
        ...call(),
    });
    log.info(`Issue ${number} closed: the cluster is well again.`);
}


/***/ }),

/***/ 44215:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Ic: () => (/* binding */ isAlarm),
/* harmony export */   Vi: () => (/* binding */ recoveryText),
/* harmony export */   br: () => (/* binding */ commentText),
/* harmony export */   v4: () => (/* binding */ issueText)
/* harmony export */ });
/* harmony import */ var _markdown_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(63021);
/* harmony import */ var _summary_summary_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(80448);
/* harmony import */ var _view_headline_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(1940);



/** GitHub takes 65,536 characters in an issue or comment; the marker and the lines around it need some. */
const BODY_LIMIT = 60_000;
/** Whether there is something that people should be told of without having looked. */
function isAlarm({ judgement }) {
    return judgement.fails || judgement.verdict === 'critical' || judgement.verdict === 'unknown';
}
/** The text of an issue about a cluster. */
function issueText(report) {
    return sticky(report, 'issue', 'full');
}
/** The text of a comment on a pull request. */
function commentText(report) {
    return sticky(report, 'comment', 'brief');
}
/** What is said when an issue is closed. */
function recoveryText(report) {
    const run = report.run.url === undefined ? (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .text */ .Qq)('') : (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__.md) `Run: ${report.run.url}`;
    return String((0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .blocks */ .Bv)((0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__.md) `**${(0,_view_headline_js__WEBPACK_IMPORTED_MODULE_1__/* .verdictWord */ .E0)(report.judgement.verdict)}**: ${(0,_view_headline_js__WEBPACK_IMPORTED_MODULE_1__/* .headline */ .Pl)(report)}.`, run));
}
function sticky(report, kind, form) {
    const hidden = (0,_markdown_js__WEBPACK_IMPORTED_MODULE_2__/* .marker */ .xL)(`aks-connection-health ${kind} ${clusterKey(report)}`);
    return {
        marker: String(hidden),
        title: `Connection health of ${report.cluster.name || 'the cluster'}`.slice(0, 200),
        body: `${String(hidden)}\n${(0,_summary_summary_js__WEBPACK_IMPORTED_MODULE_0__/* .summary */ .z)(report, form, BODY_LIMIT)}`,
    };
}
/** Names the cluster in the marker: two clusters of one name are told apart. */
function clusterKey({ cluster }) {
    return (cluster.id ?? (cluster.server || cluster.name)).toLowerCase();
}


/***/ })

};
