namespace Microsoft.ML.ArcFace.Files;

/// <summary>Names the kinds of files that their bytes tell apart, whatever their names say; see <see cref="FileKinds"/>.</summary>
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

    /// <summary>A .zip by <c>ml.Model.Save</c> with a face embedding in it. Only <see cref="FileNature"/> tells it.</summary>
    FaceModel,

    /// <summary>A .zip by <c>torch.save</c> or <c>torch.jit.save</c>.</summary>
    TorchZip,

    /// <summary>A .zip by <c>torch.save</c> that was packed again with compression. Only <see cref="FileNature"/> tells it.</summary>
    CompressedTorchZip,

    /// <summary>A program by <c>torch.jit.save</c>. Only <see cref="FileNature"/> tells it.</summary>
    TorchScript,

    /// <summary>A .zip that ends before its directory, or whose directory is damaged. Only <see cref="FileNature"/> tells it.</summary>
    PartialZip,

    /// <summary>Any other .zip.</summary>
    Zip,

    /// <summary>A gzip, 7z, RAR or tar archive.</summary>
    Archive,

    Onnx,
    Safetensors,

    /// <summary>A checkpoint of <c>ArcFaceTrainer</c>, which is a safetensors file. Only <see cref="FileNature"/> tells it.</summary>
    TrainingCheckpoint,

    /// <summary>The weights of a network of MXNet (.params).</summary>
    MxNetParameters,

    /// <summary>An HDF5 file, as Keras writes weights.</summary>
    Hdf5,

    /// <summary>An array of NumPy (.npy).</summary>
    NumPyArray,

    /// <summary>A Python pickle, such as an older .pth or a .bin of pairs.</summary>
    Pickle,

    /// <summary>The text that Git leaves in the place of a large file that was not fetched.</summary>
    GitLfsPointer,

    /// <summary>An SQLite database, such as a gallery.</summary>
    Sqlite,

    /// <summary>A set of records of MXNet (.rec).</summary>
    RecordIO,

    /// <summary>UTF-8 or, by its mark, UTF-16.</summary>
    Text,
}
