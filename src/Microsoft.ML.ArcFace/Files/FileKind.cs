namespace Microsoft.ML.ArcFace.Files;

/// <summary>What kind of file something is by its first bytes, whatever its name says; see <see cref="FileKinds"/>.</summary>
internal enum FileKind
{
    /// <summary>None of the others.</summary>
    Unknown,

    /// <summary>No bytes at all.</summary>
    Empty,

    Jpeg,
    Png,
    Bmp,
    WebP,
    Heic,
    Avif,
    Gif,
    Tiff,
    JpegXl,
    Jpeg2000,

    /// <summary>MP4, QuickTime, Matroska, WebM or AVI.</summary>
    Video,

    Pdf,
    Html,

    /// <summary>A .zip by <c>ml.Model.Save</c>.</summary>
    MLNetModel,

    /// <summary>A .zip by <c>torch.save</c> or <c>torch.jit.save</c>.</summary>
    TorchZip,

    /// <summary>Any other .zip.</summary>
    Zip,

    Onnx,
    Safetensors,

    /// <summary>A Python pickle, such as an older .pth or a .bin of pairs.</summary>
    Pickle,

    /// <summary>What Git leaves in the place of a large file that was not fetched.</summary>
    GitLfsPointer,

    /// <summary>An SQLite database, such as a gallery.</summary>
    Sqlite,

    /// <summary>A set of records of MXNet (.rec).</summary>
    RecordIO,

    /// <summary>UTF-8 or, by its mark, UTF-16.</summary>
    Text,
}
