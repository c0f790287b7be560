using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Holds what a command is run with.</summary>
internal sealed class ToolInvocation : InvocationConfiguration
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
