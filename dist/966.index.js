export const id = 966;
export const ids = [966];
export const modules = {

/***/ 4966:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   idToken: () => (/* binding */ idToken)
/* harmony export */ });
/* harmony import */ var _actions_core__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(235);
/* harmony import */ var _actions_http_client__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(44942);
/* harmony import */ var _actions_http_client_lib_auth__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(92145);



/** The runner answers at once; what takes longer is lost. */
const TIMEOUT_MS = 15_000;
/**
 * Asks the runner for the job's identity token. As `core.getIDToken`, but loaded only by those who need it:
 * the HTTP client behind it costs every run a tenth of its start-up. Proxies of the environment are used.
 *
 * @param audience whom the token is for.
 * @throws Error when the runner refuses; the message holds no token.
 */
async function idToken(audience) {
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = process.env;
    if (!url || !token)
        throw new Error('the job has no permission to ask for an identity token');
    const client = new _actions_http_client__WEBPACK_IMPORTED_MODULE_0__/* .HttpClient */ .Qq('aks-connection-health', [new _actions_http_client_lib_auth__WEBPACK_IMPORTED_MODULE_1__/* .BearerCredentialHandler */ .tZ(token)], {
        allowRetries: true,
        maxRetries: 5,
        socketTimeout: TIMEOUT_MS,
    });
    const address = new URL(url);
    address.searchParams.set('audience', audience);
    const { statusCode, result } = await client.getJson(address.href);
    client.dispose();
    const value = result?.value;
    if (typeof value !== 'string' || value === '') {
        throw new Error(`the runner answered ${statusCode} without an identity token`);
    }
    _actions_core__WEBPACK_IMPORTED_MODULE_2__/* .setSecret */ .Pq(value);
    return value;
}


/***/ })

};
