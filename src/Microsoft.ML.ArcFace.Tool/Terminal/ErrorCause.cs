using System.Reflection;

namespace Microsoft.ML.ArcFace.Terminal;

/// <summary>What an error is about.</summary>
internal static class ErrorCause
{
    /// <summary>ML.NET creates by reflection what it loads from a file, and reflection wraps what is thrown.</summary>
    public static Exception Of(Exception error) => error is TargetInvocationException { InnerException: { } inner } ? Of(inner) : error;
}
