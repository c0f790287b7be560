namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>Stops the command when it says something.</summary>
internal sealed class StopOn(string text, CancellationTokenSource stop) : StringWriter
{
    public override void WriteLine(string? value)
    {
        base.WriteLine(value);
        if (value!.Contains(text, StringComparison.Ordinal))
        {
            _ = stop.CancelAsync();
        }
    }
}
