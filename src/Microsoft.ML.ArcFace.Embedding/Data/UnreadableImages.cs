namespace Microsoft.ML.ArcFace;

/// <summary>What is done about photographs that cannot be read.</summary>
public enum UnreadableImages
{
    /// <summary>An error that names the file, or from the trainer one that counts the null images it was given and names their rows.</summary>
    Error,

    /// <summary>They are left out, counted and warned of: a loader gives a null image, the trainer trains without it.</summary>
    Skip,
}
