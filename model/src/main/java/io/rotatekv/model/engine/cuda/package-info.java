/**
 * The engine on a GPU. Everything a token needs lies in the device's memory; per step one small
 * copy goes up and the chosen tokens come back.
 */
@NullMarked
package io.rotatekv.model.engine.cuda;

import org.jspecify.annotations.NullMarked;
