<?php

addMenu(t('cloudyservices_menu'), 'cloudyservices/panel/', t('menus_cloud_a_search'));
