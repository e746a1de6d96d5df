<?php
// The services panel inside Cloudy's page. Each request goes on to the panel through its Unix socket, together with who is
// logged in and the language chosen; what comes back is put into Cloudy's page, or sent as it is. Runs on PHP 7.4 to 8.4.
// Cloudy makes an address of every plain function here: only the three actions are such, all else is in the class.

function index()
{
    global $staticFile;
    if (CloudyServices::hostHasAnswered()) {
        return CloudyServices::nothing();
    }
    return array('type' => 'redirect', 'url' => $staticFile . '/cloudyservices/panel/');
}

function panel()
{
    return CloudyServices::answer();
}

function panel_post()
{
    return CloudyServices::answer();
}

class CloudyServices
{
    const SOCKET = '/run/cloudy-services/panel.sock';
    // Cloudy serves one request at a time: a panel that hangs must not hold it up for longer. Seconds.
    const LIMIT = 2;
    // Longest answer that is passed on, bytes.
    const LONGEST = 16777216;
    // What of the browser's request the panel needs, and what of the panel's answer the browser needs. The panel's cookie,
    // which its forms belong to, stays here in Cloudy's session: a notice printed by Cloudy is too late for setting another.
    const REQUEST_HEADERS = array(
        'HTTP_HOST' => 'Host',
        'HTTP_ORIGIN' => 'Origin',
        'HTTP_ACCEPT' => 'Accept',
        'HTTP_HX_REQUEST' => 'HX-Request',
        'HTTP_SEC_FETCH_SITE' => 'Sec-Fetch-Site',
        'HTTP_X_CSRF_TOKEN' => 'X-CSRF-Token',
        'HTTP_IF_NONE_MATCH' => 'If-None-Match',
        'CONTENT_TYPE' => 'Content-Type',
    );
    const ANSWER_HEADERS = array(
        'cache-control', 'content-disposition', 'content-type', 'etag', 'hx-redirect', 'hx-reswap', 'hx-retarget', 'location',
        'retry-after', 'vary', 'x-content-type-options',
    );
    // These belong to the body. Of the others, what Cloudy has set stays.
    const BODY_HEADERS = array('content-disposition', 'content-type');
    // Any of these sends the browser elsewhere or asks it for something: the host's answer is complete.
    const HOST_ANSWERS = array('location', 'refresh', 'www-authenticate');

    // Whether Cloudy, or another plug-in, has already decided what the browser gets: a redirect to HTTPS, a refusal. What
    // the host has decided stands, whoever asks for what.
    static function hostHasAnswered()
    {
        // false where there is no web server.
        $status = http_response_code();
        return ($status !== false && $status !== 200) || array_intersect(self::HOST_ANSWERS, self::hostHeaders()) !== array();
    }

    // The names of the headers that have been set, in lower case.
    private static function hostHeaders()
    {
        return array_map(function ($line) {
            return strtolower(trim(strtok($line, ':')));
        }, headers_list());
    }

    // Leaves the answer to Cloudy.
    static function nothing()
    {
        return array('type' => 'render', 'page' => '');
    }

    // Set where the panel's socket is there, and the user who runs Cloudy may not open it.
    private static $isRefused = false;

    // Asks the panel and makes Cloudy's kind of answer of what it says.
    static function answer()
    {
        if (self::hostHasAnswered()) {
            return self::nothing();
        }
        // Cloudy lets a GET have the address of either action.
        $isPost = $_SERVER['REQUEST_METHOD'] === 'POST';
        $body = $isPost ? (string) file_get_contents('php://input') : '';
        $answer = self::ask($isPost ? 'POST' : 'GET', self::path(), $body);
        if ($answer === null) {
            return self::down();
        }
        list($status, $headers, $page) = $answer;
        $moved = $status >= 300 && $status < 400;
        if ($moved && headers_sent()) {
            $url = htmlspecialchars(self::header($headers, 'location'));
            return array('type' => 'render', 'page' => '<meta http-equiv="refresh" content="0; url=' . $url . '">');
        }
        $isPage = strpos(self::header($headers, 'content-type'), 'text/html') === 0;
        $inside = $isPage && !$moved && !isset($_SERVER['HTTP_HX_REQUEST']);
        self::tell($status, $headers, $inside);
        return $inside ? array('type' => 'render', 'page' => $page) : self::bare($page);
    }

    // Passes on what the panel says of its answer. Of a page in Cloudy's frame, the type is Cloudy's to say.
    private static function tell($status, $headers, $inside)
    {
        $_SESSION['cloudyservices'] = strtok(self::header($headers, 'set-cookie'), ';') ?: self::cookie();
        if (headers_sent()) {
            return;
        }
        http_response_code($status);
        $ours = array_diff(self::ANSWER_HEADERS, array_diff(self::hostHeaders(), self::BODY_HEADERS, array('vary')));
        foreach ($headers as list($name, $value)) {
            if (in_array($name, $ours, true) && !($inside && $name === 'content-type')) {
                // Both programs' answers depend on what each names.
                header($name . ': ' . $value, $name !== 'vary');
            }
        }
    }

    private static function cookie()
    {
        return isset($_SESSION['cloudyservices']) ? $_SESSION['cloudyservices'] : '';
    }

    // Sends the answer and nothing else. Given to Cloudy, it would come with Cloudy's own words: notices, advice on HTTPS.
    private static function bare($page)
    {
        while (ob_get_level() > 0 && @ob_end_clean()) {
            continue;
        }
        echo $page;
        exit;
    }

    // The address as the browser sent it: Cloudy's own parameters are decoded and cut at slashes.
    private static function path()
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
    private static function ask($method, $path, $body)
    {
        // Where SOCKET of the panel's configuration was changed, this variable in Cloudy's environment says so.
        $address = 'unix://' . (getenv('CLOUDY_SERVICES_SOCKET') ?: self::SOCKET);
        $socket = @stream_socket_client($address, $code, $why, self::LIMIT);
        if ($socket === false) {
            // EACCES, which is the same number on every Linux; PHP has no name for it without an extension.
            self::$isRefused = $code === 13;
            return null;
        }
        stream_set_timeout($socket, self::LIMIT);
        // Refusing a form that is too long, the panel hangs up before it has read all of it, and still has answered.
        @fwrite($socket, self::request($method, $path, $body));
        $answer = self::read($socket);
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

    private static function request($method, $path, $body)
    {
        global $user, $LANG;
        $lines = array($method . ' ' . $path . ' HTTP/1.0', 'Connection: close');
        foreach (self::REQUEST_HEADERS as $key => $name) {
            if (isset($_SERVER[$key]) && $_SERVER[$key] !== '') {
                $lines[] = $name . ': ' . self::line($_SERVER[$key]);
            }
        }
        // Only who has logged in to Cloudy gets here at all.
        $lines[] = 'X-Cloudy-User: ' . self::line(isset($user['user']) ? $user['user'] : '');
        $lines[] = 'Cookie: ' . self::line(self::cookie());
        $lines[] = 'X-Cloudy-Language: ' . self::line(isset($LANG) ? $LANG : '');
        $lines[] = 'Content-Length: ' . strlen($body);
        return implode("\r\n", $lines) . "\r\n\r\n" . $body;
    }

    // One line of a header: nothing in it begins another.
    private static function line($text)
    {
        return preg_replace('/[\x00-\x1f\x7f]/', '', (string) $text);
    }

    // Everything until the panel hangs up; null when that takes too long or is too much.
    private static function read($socket)
    {
        $until = microtime(true) + self::LIMIT;
        $answer = '';
        while (!feof($socket)) {
            $left = (int) (1000000 * ($until - microtime(true)));
            if ($left <= 0 || strlen($answer) > self::LONGEST) {
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

    private static function header($headers, $wanted)
    {
        foreach ($headers as list($name, $value)) {
            if ($name === $wanted) {
                return $value;
            }
        }
        return '';
    }

    // Who runs Cloudy; empty where PHP cannot tell.
    private static function runner()
    {
        $entry = function_exists('posix_geteuid') ? posix_getpwuid(posix_geteuid()) : false;
        return is_array($entry) ? $entry['name'] : '';
    }

    // What is the matter, and the commands that mend it.
    private static function trouble()
    {
        if (!self::$isRefused) {
            return array('cloudyservices_down', 'cloudyservices_start', "systemctl start cloudy-services\njournalctl -u cloudy-services -n 50");
        }
        $user = self::runner();
        return array('cloudyservices_denied', 'cloudyservices_group', 'usermod -aG cloudy-services ' . ($user === '' ? 'USER' : escapeshellarg($user)));
    }

    private static function down()
    {
        list($what, $how, $commands) = self::trouble();
        $words = '<strong>' . t($what) . '</strong> ' . t($how);
        $lines = htmlspecialchars($commands, ENT_NOQUOTES);
        $isPart = isset($_SERVER['HTTP_HX_REQUEST']);
        // In the panel's own page, its own look; else Cloudy's.
        $page = $isPart
            ? '<div class="cs-alert"><div><p>' . $words . '</p><pre class="cs-copy">' . $lines . '</pre></div></div>'
            : '<h2>' . t('cloudyservices_title') . '</h2><div class="alert alert-error">' . $words . '</div><pre>' . $lines . '</pre>';
        if (!headers_sent()) {
            http_response_code(503);
            header('Retry-After: 5');
            // A page of the panel that asks for news keeps what it shows, says this above, and asks again.
            header('HX-Retarget: #cs-message');
            header('HX-Reswap: innerHTML');
        }
        return $isPart ? self::bare($page) : array('type' => 'render', 'page' => $page);
    }
}
