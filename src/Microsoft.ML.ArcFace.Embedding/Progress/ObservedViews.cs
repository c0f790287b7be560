using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Progress;

/// <summary>Connects progress to ML.NET: to its log and to its views.</summary>
internal static class ObservedViews
{
    /// <summary>Makes an observer that also writes to the log of an ML.NET environment.</summary>
    public static WorkObserver Observe(this IHostEnvironment environment, Action<FaceProgress>? listener = null, CancellationToken cancellationToken = default, TimeProvider? clock = null) => new(
        line =>
        {
            using IChannel channel = environment.Start("Progress");
            channel.Info(line);
        },
        listener, cancellationToken, clock);

    /// <summary>Counts the rows that are read for the sake of a column that is computed as it is read.</summary>
    /// <param name="observer">Is told.</param>
    /// <param name="data">The rows; null is passed on, for the reader of the rows to refuse.</param>
    /// <param name="columns">Such columns, and what is counted by them; the first one that a cursor asks for decides.</param>
    public static IDataView Watch(this WorkObserver observer, IDataView data, params (string Column, string Work)[] columns) => data is null ? data! : new WatchedDataView(data, observer, columns);
}
