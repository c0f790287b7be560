using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

// Writes a compile-only copy of an assembly in which internal types and members are public.
// Usage: MLNetAccess SOURCE.dll DESTINATION.dll
if (args.Length != 2)
{
    Console.Error.WriteLine("Usage: MLNetAccess SOURCE.dll DESTINATION.dll");
    return 2;
}

byte[] image = File.ReadAllBytes(args[0]);
using var peReader = new PEReader(new MemoryStream(image));
MetadataReader metadata = peReader.GetMetadataReader();
int metadataStart = peReader.PEHeaders.MetadataStartOffset;

// Each table row is a run of fixed-size columns; the flags stand at a known offset in the row (ECMA-335 II.22).
foreach (TypeDefinitionHandle handle in metadata.TypeDefinitions)
{
    var visibility = (uint)(metadata.GetTypeDefinition(handle).Attributes & TypeAttributes.VisibilityMask);
    var widened = (TypeAttributes)visibility switch
    {
        TypeAttributes.NotPublic => TypeAttributes.Public,
        TypeAttributes.NestedAssembly or TypeAttributes.NestedFamORAssem => TypeAttributes.NestedPublic,
        TypeAttributes.NestedFamANDAssem => TypeAttributes.NestedFamily,
        var unchanged => unchanged,
    };
    SetFlags(TableIndex.TypeDef, MetadataTokens.GetRowNumber(handle), 0, (byte)TypeAttributes.VisibilityMask, (byte)widened);
}

foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
{
    SetFlags(TableIndex.MethodDef, MetadataTokens.GetRowNumber(handle), 6, (byte)MethodAttributes.MemberAccessMask,
        Widen((byte)(metadata.GetMethodDefinition(handle).Attributes & MethodAttributes.MemberAccessMask)));
}

foreach (FieldDefinitionHandle handle in metadata.FieldDefinitions)
{
    SetFlags(TableIndex.Field, MetadataTokens.GetRowNumber(handle), 0, (byte)FieldAttributes.FieldAccessMask,
        Widen((byte)(metadata.GetFieldDefinition(handle).Attributes & FieldAttributes.FieldAccessMask)));
}

Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(args[1]))!);
File.WriteAllBytes(args[1], image);
return 0;

// Member access has the same values for methods and fields.
static byte Widen(byte access) => (MethodAttributes)access switch
{
    MethodAttributes.Assembly or MethodAttributes.FamORAssem => (byte)MethodAttributes.Public,
    MethodAttributes.FamANDAssem => (byte)MethodAttributes.Family,
    _ => access,
};

void SetFlags(TableIndex table, int rowNumber, int flagsOffset, byte mask, byte value)
{
    int position = metadataStart + metadata.GetTableMetadataOffset(table) + ((rowNumber - 1) * metadata.GetTableRowSize(table)) + flagsOffset;
    image[position] = (byte)((image[position] & ~mask) | value);
}
