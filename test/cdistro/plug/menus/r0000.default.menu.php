<?php

addMenu('Home', 'default/index', t('menus_cloud_a_search'));
