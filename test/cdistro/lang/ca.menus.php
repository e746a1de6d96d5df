<?php

addS('menus_cloud_a_search', 'Cerca');
