<?php
// The services panel inside Cloudy's page. Each request goes on to the panel through its Unix socket, together with who is
// logged in and the language chosen; what comes back is put into Cloudy's page, or sent as it is. Runs on PHP 7.4 to 8.4.

// Where SOCKET of the panel's configuration was changed, this variable in Cloudy's environment says so.
define('CLOUDYSERVICES_SOCKET', getenv('CLOUDY_SERVICES_SOCKET') ?: '/run/cloudy-services/panel.sock');
// Cloudy serves one request at a time: a panel that hangs must not hold it up for longer. Seconds.
const CLOUDYSERVICES_LIMIT = 2;
// Longest answer that is passed on, bytes.
const CLOUDYSERVICES_MOST = 16777216;
// What of the browser's request the panel needs, and what of the panel's answer the browser needs. The panel's cookie, which
// its forms belong to, stays here in Cloudy's session: a notice printed by Cloudy is too late for setting another.
const CLOUDYSERVICES_ASKED = array(
    'HTTP_HOST' => 'Host',
    'HTTP_ORIGIN' => 'Origin',
    'HTTP_ACCEPT' => 'Accept',
    'HTTP_HX_REQUEST' => 'HX-Request',
    'HTTP_SEC_FETCH_SITE' => 'Sec-Fetch-Site',
    'HTTP_X_CSRF_TOKEN' => 'X-CSRF-Token',
    'HTTP_IF_NONE_MATCH' => 'If-None-Match',
    'CONTENT_TYPE' => 'Content-Type',
);
const CLOUDYSERVICES_TOLD = array(
    'cache-control', 'content-disposition', 'content-type', 'etag', 'hx-redirect', 'hx-reswap', 'hx-retarget', 'location',
    'retry-after', 'vary', 'x-content-type-options',
);

function index()
{
    global $staticFile;
    return array('type' => 'redirect', 'url' => $staticFile . '/cloudyservices/panel/');
}

function panel()
{
    return cloudyservices_forward('GET', '');
}

function panel_post()
{
    return cloudyservices_forward('POST', (string) file_get_contents('php://input'));
}

// Asks the panel and makes Cloudy's kind of answer of what it says.
function cloudyservices_forward($method, $body)
{
    $answer = cloudyservices_ask($method, cloudyservices_path(), $body);
    if ($answer === null) {
        return cloudyservices_down();
    }
    list($status, $headers, $page) = $answer;
    $moved = $status >= 300 && $status < 400;
    if ($moved && headers_sent()) {
        $url = htmlspecialchars(cloudyservices_header($headers, 'location'));
        return array('type' => 'render', 'page' => '<meta http-equiv="refresh" content="0; url=' . $url . '">');
    }
    $isPage = strpos(cloudyservices_header($headers, 'content-type'), 'text/html') === 0;
    $inside = $isPage && !$moved && !isset($_SERVER['HTTP_HX_REQUEST']);
    cloudyservices_tell($status, $headers, $inside);
    return $inside ? array('type' => 'render', 'page' => $page) : cloudyservices_bare($page);
}

// Passes on what the panel says of its answer. Of a page in Cloudy's frame, the type is Cloudy's to say.
function cloudyservices_tell($status, $headers, $inside)
{
    $_SESSION['cloudyservices'] = strtok(cloudyservices_header($headers, 'set-cookie'), ';') ?: cloudyservices_cookie();
    if (headers_sent()) {
        return;
    }
    http_response_code($status);
    foreach ($headers as list($name, $value)) {
        if (in_array($name, CLOUDYSERVICES_TOLD, true) && !($inside && $name === 'content-type')) {
            header($name . ': ' . $value);
        }
    }
}

function cloudyservices_cookie()
{
    return isset($_SESSION['cloudyservices']) ? $_SESSION['cloudyservices'] : '';
}

// Sends the answer and nothing else. Given to Cloudy, it would come with Cloudy's own words: notices, advice on HTTPS.
function cloudyservices_bare($page)
{
    while (ob_get_level() > 0 && @ob_end_clean()) {
        continue;
    }
    echo $page;
    exit;
}

// The address as the browser sent it: Cloudy's own parameters are decoded and cut at slashes.
function cloudyservices_path()
{
    $path = (string) $_SERVER['REQUEST_URI'];
    $start = strpos($path, '/cloudyservices/panel');
    $rest = $start === false ? '' : substr($path, $start + strlen('/cloudyservices/panel'));
    if ($rest === '' || $rest[0] !== '/') {
        $rest = '/' . $rest;
    }
    return '/index.php/cloudyservices/panel' . preg_replace('/[^\x21-\x7e]/', '', $rest);
}

// Status, headers and body of the panel's answer; null when it does not answer in time.
function cloudyservices_ask($method, $path, $body)
{
    $socket = @stream_socket_client('unix://' . CLOUDYSERVICES_SOCKET, $code, $why, CLOUDYSERVICES_LIMIT);
    if ($socket === false) {
        return null;
    }
    stream_set_timeout($socket, CLOUDYSERVICES_LIMIT);
    // Refusing a form that is too long, the panel hangs up before it has read all of it, and still has answered.
    @fwrite($socket, cloudyservices_request($method, $path, $body));
    $answer = cloudyservices_read($socket);
    fclose($socket);
    // A version of the protocol in which every answer ends with the connection: nothing is left to decode.
    $parts = explode("\r\n\r\n", (string) $answer, 2);
    if (count($parts) < 2 || !preg_match('#^HTTP/1\.[01] (\d{3})#', $parts[0], $first)) {
        return null;
    }
    $headers = array();
    foreach (array_slice(explode("\r\n", $parts[0]), 1) as $line) {
        $pair = explode(':', $line, 2);
        if (count($pair) === 2) {
            $headers[] = array(strtolower($pair[0]), trim($pair[1]));
        }
    }
    return array((int) $first[1], $headers, $parts[1]);
}

function cloudyservices_request($method, $path, $body)
{
    global $user, $LANG;
    $lines = array($method . ' ' . $path . ' HTTP/1.0', 'Connection: close');
    foreach (CLOUDYSERVICES_ASKED as $key => $name) {
        if (isset($_SERVER[$key]) && $_SERVER[$key] !== '') {
            $lines[] = $name . ': ' . cloudyservices_line($_SERVER[$key]);
        }
    }
    // Only who has logged in to Cloudy gets here at all.
    $lines[] = 'X-Cloudy-User: ' . cloudyservices_line(isset($user['user']) ? $user['user'] : '');
    $lines[] = 'Cookie: ' . cloudyservices_line(cloudyservices_cookie());
    $lines[] = 'X-Cloudy-Language: ' . cloudyservices_line(isset($LANG) ? $LANG : '');
    $lines[] = 'Content-Length: ' . strlen($body);
    return implode("\r\n", $lines) . "\r\n\r\n" . $body;
}

// One line of a header: nothing in it begins another.
function cloudyservices_line($text)
{
    return preg_replace('/[\x00-\x1f\x7f]/', '', (string) $text);
}

// Everything until the panel hangs up; null when that takes too long or is too much.
function cloudyservices_read($socket)
{
    $until = microtime(true) + CLOUDYSERVICES_LIMIT;
    $answer = '';
    while (!feof($socket)) {
        $left = (int) (1000000 * ($until - microtime(true)));
        if ($left <= 0 || strlen($answer) > CLOUDYSERVICES_MOST) {
            return null;
        }
        stream_set_timeout($socket, intdiv($left, 1000000), $left % 1000000);
        $piece = @fread($socket, 65536);
        $state = stream_get_meta_data($socket);
        if ($state['timed_out']) {
            return null;
        }
        if ($piece === false) {
            break;
        }
        $answer .= $piece;
    }
    return $answer;
}

function cloudyservices_header($headers, $wanted)
{
    foreach ($headers as list($name, $value)) {
        if ($name === $wanted) {
            return $value;
        }
    }
    return '';
}

function cloudyservices_down()
{
    $page = '<h2>' . t('cloudyservices_title') . '</h2>'
        . '<div class="alert alert-error"><strong>' . t('cloudyservices_down') . '</strong> ' . t('cloudyservices_start') . '</div>'
        . '<pre>systemctl start cloudy-services' . "\n" . 'journalctl -u cloudy-services -n 50</pre>';
    if (!headers_sent()) {
        http_response_code(503);
        header('Retry-After: 5');
        // A page of the panel that asks for news keeps what it shows, says this above, and asks again.
        header('HX-Retarget: #cs-message');
        header('HX-Reswap: innerHTML');
    }
    return isset($_SERVER['HTTP_HX_REQUEST']) ? cloudyservices_bare($page) : array('type' => 'render', 'page' => $page);
}
