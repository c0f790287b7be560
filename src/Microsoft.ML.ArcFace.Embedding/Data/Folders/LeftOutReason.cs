namespace Microsoft.ML.ArcFace;

/// <summary>Says why a walk over folders of photographs passes something over.</summary>
public enum LeftOutReason
{
    /// <summary>A photograph in HEIC or HEIF, which is not read; convert it to JPEG.</summary>
    Heic,

    /// <summary>The file's ending is not one of jpg, png, bmp or webp.</summary>
    OtherEnding,

    /// <summary>The file has no ending, and its first bytes are not those of a photograph that can be read.</summary>
    NoPhotograph,

    /// <summary>A hidden file or folder: its name begins with a dot, or the system marks it so.</summary>
    Hidden,

    /// <summary>A link to a folder, which is not followed; or a link without an ending that leads nowhere.</summary>
    Link,

    /// <summary>A photograph that lies outside of a person's folder.</summary>
    OutsideOfPeople,

    /// <summary>A person's folder without a photograph that can be read.</summary>
    EmptyFolder,

    /// <summary>A folder, or a file without an ending, that this user may not read.</summary>
    Unreadable,

    /// <summary>A folder or photograph whose name is not UTF-8, so that .NET cannot open it.</summary>
    NameNotUtf8,

    /// <summary>A folder or photograph whose path is longer than the system allows.</summary>
    PathTooLong,

    /// <summary>A named pipe in place of a photograph, or a link to one. It is not opened, because a reader would wait for a writer.</summary>
    NamedPipe,

    /// <summary>A socket in place of a photograph, or a link to one.</summary>
    Socket,

    /// <summary>A device such as /dev/zero in place of a photograph, or a link to one. It is not opened, because it may have no end.</summary>
    Device,
}
