! The modules of ORCHIDEE and IOIPSL that the adapter uses, as small as they can be: kinds, run.def, map files, restart files.
!
! run.def: KEY = value, one a line, in the working directory. Map: every point's carbonate and pH of mock_land, on a grid of one
! row. Restart: variables are kept in memory, a number made of their name beside them; the mock host writes them to its file of bits.
! Processes: each rank or thread is its own root and takes its block of points (first_point).
module defprec
  implicit none
  integer, parameter :: r_std = selected_real_kind(15, 307), i_std = selected_int_kind(9)
end module defprec

module constantes_var
  use defprec
  implicit none
  real(r_std), parameter :: undef_sechiba = 1.e+20_r_std
  real(r_std), save :: val_exp = 999999._r_std
end module constantes_var

module mod_orchidee_para_var
  use defprec
  implicit none
  logical, save :: is_root_prc = .true.
  integer(i_std), save :: iim_g = 0, jjm_g = 1, nbp_glo = 0
  integer(i_std), allocatable, save :: index_g(:)
  integer, save :: first_point = 1
  !$omp threadprivate(first_point)
end module mod_orchidee_para_var

module mod_orchidee_transfert_para
  use mod_orchidee_para_var
  implicit none
contains
  subroutine scatter(from, into)
    real(r_std), intent(in) :: from(:)
    real(r_std), intent(out) :: into(:)
    into = from(first_point:first_point + size(into) - 1)
  end subroutine scatter
  subroutine bcast(value)
    logical, intent(inout) :: value
    value = value .and. is_root_prc
  end subroutine bcast
end module mod_orchidee_transfert_para

module ioipsl
  use defprec
  use mod_orchidee_para_var, only: iim_g, jjm_g
  use mock_land, only: carbonate, survey_ph
  implicit none
contains
  subroutine flininfo(file, iim, jjm, llm, ttm, fid)
    character(len=*), intent(in) :: file
    integer(i_std), intent(out) :: iim, jjm, llm, ttm, fid
    iim = iim_g + merge(1, 0, index(file, 'other_grid') > 0)
    jjm = jjm_g
    llm = 0
    ttm = 0
    fid = 1
  end subroutine flininfo
  subroutine flinquery_var(fid, name, exists)
    integer(i_std), intent(in) :: fid
    character(len=*), intent(in) :: name
    logical, intent(out) :: exists
    exists = fid == 1 .and. (name == 'ph0' .or. name == 'caco3') ! a map of earlier versions, without capacity
  end subroutine flinquery_var
  subroutine flinget(fid, name, iim, jjm, llm, ttm, itau_dep, itau_fin, field)
    integer(i_std), intent(in) :: fid, iim, jjm, llm, ttm, itau_dep, itau_fin
    character(len=*), intent(in) :: name
    real(r_std), intent(out) :: field(:, :)
    integer :: i
    if (fid + llm + ttm + itau_dep + itau_fin < 0 .or. size(field) /= iim*jjm) return
    do i = 1, iim
      field(i, 1) = merge(carbonate(i), survey_ph(i), name == 'caco3')
    end do
  end subroutine flinget
  subroutine flinclo(fid)
    integer(i_std), intent(inout) :: fid
    fid = 0
  end subroutine flinclo
end module ioipsl

module ioipsl_para
  use defprec
  use constantes_var, only: val_exp
  implicit none
  integer, parameter :: most = 480, widest = 16, name_at = 11 ! of our eight layers the eleventh is free
  real(r_std), allocatable, save :: kept(:, :, :) ! (point,layer,variable)
  integer, save :: n_kept = 0
  character(len=80), save :: long_name = '', units = ''
  !$omp threadprivate(kept, n_kept, long_name, units)

  interface getin_p
    module procedure getin_p_c, getin_p_r, getin_p_i, getin_p_l
  end interface getin_p

contains

  function value_of(key) result(text)
    character(len=*), intent(in) :: key
    character(len=512) :: text, line
    integer :: unit, error, at
    text = ''
    open (newunit=unit, file='run.def', status='old', action='read', iostat=error)
    if (error /= 0) return
    do
      read (unit, '(a)', iostat=error) line
      if (error /= 0) exit
      at = index(line, '=')
      if (at == 0) cycle
      if (line(:at - 1) == key) text = adjustl(line(at + 1:))
    end do
    close (unit)
  end function value_of

  subroutine getin_p_c(key, value)
    character(len=*), intent(in) :: key
    character(len=*), intent(inout) :: value
    if (value_of(key) /= '') value = value_of(key)
  end subroutine getin_p_c
  subroutine getin_p_r(key, value)
    character(len=*), intent(in) :: key
    real(r_std), intent(inout) :: value
    character(len=512) :: text
    text = value_of(key)
    if (text /= '') read (text, *) value
  end subroutine getin_p_r
  subroutine getin_p_i(key, value)
    character(len=*), intent(in) :: key
    integer(i_std), intent(inout) :: value
    character(len=512) :: text
    text = value_of(key)
    if (text /= '') read (text, *) value
  end subroutine getin_p_i
  subroutine getin_p_l(key, value)
    character(len=*), intent(in) :: key
    logical, intent(inout) :: value
    character(len=512) :: text
    text = value_of(key)
    if (text /= '') value = scan(text(:1), 'yYtT') == 1
  end subroutine getin_p_l

  subroutine ioconf_setatt_p(attribute, value)
    character(len=*), intent(in) :: attribute, value
    if (attribute == 'UNITS') units = value
    if (attribute == 'LONG_NAME') long_name = value
  end subroutine ioconf_setatt_p

  subroutine ipslerr_p(plev, pcname, pstr1, pstr2, pstr3)
    integer(i_std), intent(in) :: plev
    character(len=*), intent(in) :: pcname, pstr1, pstr2, pstr3
    print '(4a)', pcname, pstr1, pstr2, pstr3
    if (plev == 3) stop 1
  end subroutine ipslerr_p

  pure integer function number_of(name)
    character(len=*), intent(in) :: name
    integer :: k
    number_of = 0
    do k = 1, len(name)
      number_of = mod(31*number_of + iachar(name(k:k)), 999983)
    end do
  end function number_of

  ! A variable that is not in the file comes back as val_exp.
  subroutine restget_p(fid, name, iim, jjm, llm, itau, default, var, operator, nbindex, ijndex)
    integer(i_std), intent(in) :: fid, iim, jjm, llm, itau, nbindex, ijndex(:)
    character(len=*), intent(in) :: name, operator
    logical, intent(in) :: default
    real(r_std), intent(out) :: var(:, :)
    integer :: k
    if (.not. default .or. fid + iim + jjm + llm + itau + nbindex + size(ijndex) < 0 .or. operator /= 'gather') return
    var = val_exp
    if (size(var, 1) == 0) return
    do k = 1, n_kept
      if (nint(kept(1, name_at, k)) == number_of(name)) var = kept(:size(var, 1), :size(var, 2), k)
    end do
  end subroutine restget_p

  subroutine restput_p(fid, name, iim, jjm, llm, itau, var, operator, nbindex, ijndex)
    integer(i_std), intent(in) :: fid, iim, jjm, llm, itau, nbindex, ijndex(:)
    character(len=*), intent(in) :: name, operator
    real(r_std), intent(in) :: var(:, :)
    if (fid + iim + jjm + llm + itau + nbindex + size(ijndex) < 0 .or. operator /= 'scatter') return
    if (units == '' .or. long_name == '' .or. len(name) > 20) error stop 'a restart variable without units or long name'
    n_kept = n_kept + 1
    kept(:size(var, 1), :size(var, 2), n_kept) = var
    kept(:size(var, 1), name_at, n_kept) = number_of(name)
    units = ''
    long_name = ''
  end subroutine restput_p

end module ioipsl_para
