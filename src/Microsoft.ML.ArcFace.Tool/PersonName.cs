namespace Microsoft.ML.ArcFace.Tool;

/// <summary>Reads whom --person names.</summary>
internal static class PersonName
{
    /// <summary>Leaves out the blanks around a name, which nobody sees and which would make two people of one; says so.</summary>
    public static string? Trimmed(ToolRun run, string? name)
    {
        string? trimmed = name?.Trim();
        if (trimmed != name)
        {
            run.Say($"--person is '{name}'; it is taken as '{trimmed}', without the blanks around it.");
        }

        return trimmed;
    }
}
