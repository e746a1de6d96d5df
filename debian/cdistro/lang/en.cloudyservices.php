<?php

addS('cloudyservices_menu', 'Best services for me');
addS('cloudyservices_title', 'Services around you');
addS('cloudyservices_down', 'The services panel does not answer.');
addS('cloudyservices_start', 'It may be starting or stopped. As root, start it, and if that fails look at its log:');
addS('cloudyservices_denied', 'Cloudy may not open the services panel’s socket.');
addS('cloudyservices_group', 'Its web server runs as another user than root. As root, let that user in, then start Cloudy again:');
