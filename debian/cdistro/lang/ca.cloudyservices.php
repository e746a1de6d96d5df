<?php

addS('cloudyservices_menu', 'Els millors serveis per a mi');
addS('cloudyservices_title', 'Serveis al vostre voltant');
addS('cloudyservices_down', 'El tauler de serveis no respon.');
addS('cloudyservices_start', 'Potser s’està engegant o està aturat. Com a root, engegueu-lo i, si falla, mireu-ne el registre:');
