<?php

addS('menus_cloud_a_search', 'Search');
