namespace Microsoft.ML.ArcFace.Files;

/// <summary>
/// What a kind of pickle may name and call. A pickle is a program; here every name it may use stands for a few lines of
/// ours, and any other name is refused.
/// </summary>
internal abstract class PickleVocabulary
{
    /// <summary>What a global stands for.</summary>
    /// <exception cref="PickleException">It is not among the known ones.</exception>
    public abstract object Global(string module, string name);

    /// <summary>The result of calling a global.</summary>
    /// <exception cref="PickleException">It cannot be called, or not with these.</exception>
    public abstract object? Call(object? callable, PickleTuple arguments);

    /// <summary>Gives an object its state.</summary>
    /// <exception cref="PickleException">It takes none.</exception>
    public virtual void Build(object? target, object? state) => throw new PickleException("it sets the state of an object that has none (BUILD)");

    /// <summary>What lies outside of the pickle under this identifier.</summary>
    /// <exception cref="PickleException">There is nothing outside.</exception>
    public virtual object? Persistent(object? identifier) => throw new PickleException("it refers to data outside of itself (BINPERSID)");

    protected static PickleException Unknown(string module, string name, string remedy) =>
        new($"it names '{module}.{name}', which is not data; a pickle is a program, and it is not run here. {remedy}");
}
