<?php

addS('cloudyservices_menu', 'Los mejores servicios para mí');
addS('cloudyservices_title', 'Servicios a su alrededor');
addS('cloudyservices_down', 'El panel de servicios no responde.');
addS('cloudyservices_start', 'Puede estar arrancando o parado. Como root, arránquelo y, si falla, mire su registro:');
addS('cloudyservices_denied', 'Cloudy no puede abrir el socket del panel de servicios.');
addS('cloudyservices_group', 'Su servidor web se ejecuta con un usuario que no es root. Como root, deje entrar a ese usuario y arranque Cloudy de nuevo:');
