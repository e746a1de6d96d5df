<?php

addS('cloudyservices_menu', 'Los mejores servicios para mí');
addS('cloudyservices_title', 'Servicios a su alrededor');
addS('cloudyservices_down', 'El panel de servicios no responde.');
addS('cloudyservices_start', 'Puede estar arrancando o parado. Como root, arránquelo y, si falla, mire su registro:');
