using System.Reflection;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>What an error is about.</summary>
internal static class ErrorCause
{
    /// <summary>
    /// ML.NET creates by reflection what it loads from a file, and reflection wraps what is thrown; so does its cache, which reads
    /// photographs on a thread of its own.
    /// </summary>
    public static Exception Of(Exception error) =>
        error is TargetInvocationException { InnerException: { } inner } ? Of(inner)
        : CausesOf(error).OfType<FaceImageException>().FirstOrDefault() ?? error;

    private static IEnumerable<Exception> CausesOf(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            yield return cause;
        }
    }
}
