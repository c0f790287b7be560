using System.CommandLine;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Holds what a command is run with.</summary>
internal sealed class ToolInvocation : InvocationConfiguration
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where answers to questions come from; null: the terminal, if there is one.</summary>
    public TextReader? Answers { get; init; }
}
