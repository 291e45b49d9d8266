package io.rotatekv.eval.run;

import io.rotatekv.kernels.Team;
import java.util.function.Function;

/**
 * A measurement that falls into items: windows, questions, cells.
 *
 * @param title what the progress shows
 * @param key all that the items' results depend on
 * @param items how many there are
 * @param unitsPerItem units of progress in each, such as tokens
 * @param unit their name
 * @param result a record that Jackson can write and read
 * @param maxWorkers the most workers at a time: 1 where an engine takes a whole GPU
 * @param workers opens a worker that computes on a team
 */
public record Job<T>(
    String title,
    RunKey key,
    int items,
    int unitsPerItem,
    String unit,
    Class<T> result,
    int maxWorkers,
    Function<Team, Worker<T>> workers) {}
