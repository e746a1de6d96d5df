<?php

addS('cloudyservices_menu', 'Els millors serveis per a mi');
addS('cloudyservices_title', 'Serveis al vostre voltant');
addS('cloudyservices_down', 'El tauler de serveis no respon.');
addS('cloudyservices_start', 'Potser s’està engegant o està aturat. Com a root, engegueu-lo i, si falla, mireu-ne el registre:');
addS('cloudyservices_denied', 'El Cloudy no pot obrir el sòcol del tauler de serveis.');
addS('cloudyservices_group', 'El seu servidor web s’executa amb un usuari que no és root. Com a root, deixeu-hi entrar aquest usuari i torneu a engegar el Cloudy:');
