<?php

function index()
{
    return array('type' => 'render', 'page' => '<h2>Welcome</h2>');
}

function lang($language)
{
    global $staticFile;
    $_SESSION['lang'] = $language;
    return array('type' => 'redirect', 'url' => $staticFile);
}
