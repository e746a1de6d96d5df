<?php
// A host for the bridge, shaped like Cloudy's web GUI: its login, menu, languages and the way it calls plug-ins and frames
// what they return. `php -S ADDRESS -t THIS-FOLDER` serves it, one request at a time, as Cloudy is served.

error_reporting(E_ALL);
session_start();
// How long each request took, ms.
register_shutdown_function(function () {
    $took = 1000 * (microtime(true) - $_SERVER['REQUEST_TIME_FLOAT']);
    file_put_contents(getenv('HOST_TIMES'), $_SERVER['REQUEST_URI'] . ' ' . round($took) . "\n", FILE_APPEND);
});
$staticFile = $_SERVER['SCRIPT_NAME'];
$documentPath = $_SERVER['DOCUMENT_ROOT'];
$LANG = isset($_SESSION['lang']) ? $_SESSION['lang'] : 'en';
$texts = array();
$menu = array();

function addS($key, $text)
{
    global $texts;
    $texts[$key] = $text;
}

function t($key)
{
    global $texts;
    return isset($texts[$key]) ? $texts[$key] : $key;
}

function addMenu($label, $link, $group = 'config', $side = 'right')
{
    global $menu;
    $menu[$side][$group][$label] = $link;
}

function loginForm($said)
{
    return '<h2>Login</h2><p class="flash">' . $said . '</p><form method="post">'
        . '<input name="user"><input name="password" type="password"><button>Login</button></form>';
}

function answerOf($path)
{
    global $documentPath, $user;
    $words = array_slice(explode('/', $path), 1);
    $controller = 'default';
    if (isset($words[0]) && is_file($documentPath . '/plug/controllers/' . basename($words[0]) . '.php')) {
        $controller = array_shift($words);
    }
    $action = count($words) > 0 && $words[0] !== '' ? array_shift($words) : 'index';
    require $documentPath . '/plug/controllers/' . $controller . '.php';
    $posted = $action . '_' . strtolower($_SERVER['REQUEST_METHOD']);
    $function = function_exists($posted) ? $posted : $action;
    return function_exists($function)
        ? call_user_func_array($function, $words)
        : array('type' => 'render', 'page' => 'There is no ' . htmlspecialchars($action));
}

foreach (glob($documentPath . '/lang/' . $LANG . '.*.php') as $file) {
    require $file;
}
// What a test has this host decide before any plug-in is asked, one header a line; as Cloudy redirects to HTTPS.
$decision = getenv('HOST_TIMES') . '.decision';
foreach (is_file($decision) ? file($decision, FILE_IGNORE_NEW_LINES) : array() as $line) {
    header($line);
}
if (isset($_SESSION['user'])) {
    $user = array('user' => $_SESSION['user']);
    foreach (glob($documentPath . '/plug/menus/*.menu.php') as $file) {
        require $file;
    }
    $answer = answerOf(isset($_SERVER['PATH_INFO']) ? $_SERVER['PATH_INFO'] : '');
} elseif (isset($_POST['user'], $_POST['password']) && $_POST['password'] === 'cloudy') {
    $_SESSION['user'] = $_POST['user'];
    $answer = array('type' => 'redirect', 'url' => $staticFile);
} else {
    $answer = array('type' => 'render', 'page' => loginForm(isset($_POST['user']) ? 'Username or password is not correct.' : ''));
}

if ($answer['type'] === 'redirect') {
    // As Cloudy does, whatever was set before.
    header('Location: ' . $answer['url'], true, 302);
    exit;
}
// As Cloudy does where it has a port for HTTPS: before whatever it was given.
$answer['page'] = '<div class="alert">This page can be had with HTTPS.</div>' . $answer['page'];
if ($answer['type'] === 'ajax') {
    echo $answer['page'];
    exit;
}
?>
<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>Cloudy</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/css/host.css">
</head>
<body>
<div class="navbar">
<?php foreach ($menu as $groups) { ?>
<?php foreach ($groups as $group => $links) { ?>
<strong><?php echo $group; ?></strong>
<?php foreach ($links as $label => $link) { ?>
<a href="<?php echo $staticFile . '/' . $link; ?>"><?php echo $label; ?></a>
<?php } ?>
<?php } ?>
<?php } ?>
<?php foreach (array('ca', 'es', 'en') as $language) { ?>
<a href="<?php echo $staticFile . '/default/lang/' . $language; ?>"><?php echo $language; ?></a>
<?php } ?>
</div>
<div class="container" role="main" id="main"><div class="row-fluid"><div class="hero-unit"><div class="row-fluid">
<?php echo $answer['page']; ?>
</div></div></div></div>
<footer>
<h1>A heading of the host</h1>
<p>Some text with <a href="#">a link</a>, <code>code</code> and <small>small print</small>.</p>
<pre>a block</pre>
<ul><li>a line</li></ul>
<table class="table"><tr><th>one</th><td>two</td></tr></table>
<form><label>A field <input type="text" value="text"></label> <select><option>one</option></select> <button type="button" class="btn">A button</button></form>
</footer>
</body>
</html>
